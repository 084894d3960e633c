/* order.c: see order.h. */
#include "order.h"

#include <string.h>

#include "base/memory.h"

typedef struct tripsage__order_node {
    struct tripsage__order_node *left, *right;
    tripsage__entry *entry;
} node;

size_t tripsage__order_cost(void)
{
    return tripsage__budget_block(sizeof(node));
}

/* Where the heap has put a node is chance enough: nobody outside knows it. (The finalizer of MurmurHash3, Appleby.) */
static uint64_t priority_of(const node *n)
{
    uint64_t mixed = (uint64_t)(uintptr_t)n;

    mixed = (mixed ^ mixed >> 33) * UINT64_C(0xff51afd7ed558ccd);
    mixed = (mixed ^ mixed >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return mixed ^ mixed >> 33;
}

static tripsage__cache_bytes key_of(const tripsage__entry *entry)
{
    return (tripsage__cache_bytes){tripsage__entry_key(entry), tripsage__entry_key_size(entry)};
}

static int compare(tripsage__cache_bytes a, tripsage__cache_bytes b)
{
    int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);

    return order ? order : (a.size > b.size) - (a.size < b.size);
}

int tripsage__order_has_prefix(tripsage__cache_bytes key, tripsage__cache_bytes prefix)
{
    return key.size >= prefix.size && memcmp(key.data, prefix.data, prefix.size) == 0;
}

void tripsage__order_begin(tripsage__order *order)
{
    order->kept = 1;
}

static void free_node(tripsage__order *order, node *n)
{
    tripsage__free(n);
    tripsage__budget_give(order->budget, tripsage__order_cost(), 0);
}

void tripsage__order_drop(tripsage__order *order)
{
    node *n = order->root;

    /* Turned to the right until there is nothing on the left, it is a list. */
    while (n) {
        node *next = n->left ? n->left : n->right;

        if (n->left) {
            n->left = next->right;
            next->right = n;
        } else {
            free_node(order, n);
        }
        n = next;
    }
    order->root = NULL;
    order->kept = 0;
}

/* The link to the key's node, which is there. */
static node **link_to(tripsage__order *order, tripsage__cache_bytes key)
{
    node **link = &order->root;

    for (;;) {
        int side = compare(key, key_of((*link)->entry));

        if (side == 0)
            return link;
        link = side < 0 ? &(*link)->left : &(*link)->right;
    }
}

/* What is below `n` becomes two trees, of the keys before and behind this one. */
static void divide(node *n, tripsage__cache_bytes key, node **before, node **behind)
{
    while (n) {
        if (compare(key_of(n->entry), key) < 0) {
            *before = n;
            before = &n->right;
            n = n->right;
        } else {
            *behind = n;
            behind = &n->left;
            n = n->left;
        }
    }
    *before = *behind = NULL;
}

void tripsage__order_add(tripsage__order *order, tripsage__entry *entry)
{
    tripsage__cache_bytes key = key_of(entry);
    node **link = &order->root, *n;

    if (!order->kept)
        return;
    n = tripsage__malloc(sizeof *n);
    if (!n) {
        tripsage__budget_give(order->budget, tripsage__order_cost(), 0);
        tripsage__order_drop(order);
        return;
    }
    n->entry = entry;
    while (*link && priority_of(*link) >= priority_of(n))
        link = compare(key, key_of((*link)->entry)) < 0 ? &(*link)->left : &(*link)->right;
    divide(*link, key, &n->left, &n->right);
    *link = n;
}

void tripsage__order_replace(tripsage__order *order, const tripsage__entry *old, tripsage__entry *entry)
{
    if (order->kept)
        (*link_to(order, key_of(old)))->entry = entry;
}

void tripsage__order_remove(tripsage__order *order, const tripsage__entry *entry)
{
    node **link, *gone, *a, *b;

    if (!order->kept)
        return;
    link = link_to(order, key_of(entry));
    gone = *link;
    a = gone->left;
    b = gone->right;
    while (a && b) {
        if (priority_of(a) >= priority_of(b)) {
            *link = a;
            link = &a->right;
            a = a->right;
        } else {
            *link = b;
            link = &b->left;
            b = b->left;
        }
    }
    *link = a ? a : b;
    free_node(order, gone);
}

tripsage__entry *tripsage__order_first(const tripsage__order *order, tripsage__cache_bytes prefix)
{
    const node *n = order->root, *first = NULL;

    while (n) {
        int behind = compare(key_of(n->entry), prefix) >= 0;

        first = behind ? n : first;
        n = behind ? n->left : n->right;
    }
    return first && tripsage__order_has_prefix(key_of(first->entry), prefix) ? first->entry : NULL;
}
