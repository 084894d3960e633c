/* router.c: see router.h. A tree with a node for each path segment; the children of a node are literals first, a
 * parameter last. */
#include "router.h"

#include <stdlib.h>
#include <string.h>

typedef struct node {
    const char *segment; /* points into the template; NULL: a parameter */
    size_t length;
    struct node *children, *next;
    const route *routes[METHOD_ROUTABLE];
    unsigned allowed;
} node;

/* Looked through one by one for every request. */
#define SUBTREES_MAX 2

struct router {
    node root;
    const route *subtrees[SUBTREES_MAX + 1]; /* the last is NULL */
};

/* ---- building ---- */

static node *find_child(const node *parent, const char *segment, size_t length)
{
    int is_parameter = segment[0] == '{';

    for (node *n = parent->children; n; n = n->next)
        if (is_parameter ? !n->segment : n->segment && n->length == length && memcmp(n->segment, segment, length) == 0)
            return n;
    return NULL;
}

static node *add_child(node *parent, const char *segment, size_t length)
{
    node *made = find_child(parent, segment, length), **place = &parent->children;

    if (made)
        return made;
    made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    if (segment[0] == '{') {
        while (*place)
            place = &(*place)->next;
    } else {
        made->segment = segment;
        made->length = length;
    }
    made->next = *place;
    *place = made;
    return made;
}

static int add_route(node *at, const route *added)
{
    for (const char *p = added->path; at && *p;) {
        size_t length = strcspn(++p, "/");

        at = add_child(at, p, length);
        p += length;
    }
    if (!at)
        return 0;
    at->routes[added->method] = added;
    at->allowed |= 1u << added->method;
    return 1;
}

static void free_children(node *parent)
{
    while (parent->children) {
        node *child = parent->children;

        parent->children = child->next;
        free_children(child);
        free(child);
    }
}

router *router_new(void)
{
    router *tree = calloc(1, sizeof *tree);
    size_t count, subtrees = 0;
    const route *routes = routes_all(&count);

    for (size_t i = 0; tree && i < count; i++)
        if (routes[i].flags & ROUTE_SUBTREE && subtrees < SUBTREES_MAX) {
            tree->subtrees[subtrees++] = &routes[i];
        } else if (!add_route(&tree->root, &routes[i])) {
            router_free(tree);
            tree = NULL;
        }
    return tree;
}

void router_free(router *tree)
{
    if (!tree)
        return;
    free_children(&tree->root);
    free(tree);
}

/* ---- matching ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

int url_decode(request *r, const char *from, size_t length, int plus_is_blank, text *out)
{
    char *to = request_keep(r, length + 1), *begin = to;
    const char *end = from + length;

    if (!to)
        return 0;
    for (; from < end; from++) {
        if (*from == '%') {
            int high = end - from > 2 ? hex_digit(from[1]) : -1, low = end - from > 2 ? hex_digit(from[2]) : -1;

            if (high < 0 || low < 0 || (high | low) == 0)
                return 0;
            *to++ = (char)(high << 4 | low);
            from += 2;
        } else {
            *to++ = plus_is_blank && *from == '+' ? ' ' : *from;
        }
    }
    *to = '\0';
    *out = (text){begin, (size_t)(to - begin)};
    for (const char *p = begin; p < to;) {
        size_t sequence = utf8_sequence(p, to);

        if (!sequence)
            return 0;
        p += sequence;
    }
    return 1;
}

/* Deeper than the deepest template, so such a path matches nothing. */
#define SEGMENTS_MAX 8

typedef struct walk {
    text segments[SEGMENTS_MAX];
    size_t count;
    text *params;
} walk;

/* Literals first; back to the parameter when they lead nowhere. */
static const node *descend(const walk *w, const node *at, size_t depth, size_t params)
{
    const text *segment = &w->segments[depth];

    if (depth == w->count)
        return at->allowed ? at : NULL;
    for (const node *child = at->children; child; child = child->next) {
        const node *found = NULL;

        if (!child->segment && params < PARAMS_MAX && segment->length) {
            w->params[params] = *segment;
            found = descend(w, child, depth + 1, params + 1);
        } else if (child->segment && child->length == segment->length &&
                   memcmp(child->segment, segment->data, segment->length) == 0) {
            found = descend(w, child, depth + 1, params);
        }
        if (found)
            return found;
    }
    return NULL;
}

/* 1: split; 0: too deep to match; -1: malformed. */
static int split(walk *w, request *r)
{
    const char *p = r->target;

    while (*p == '/') {
        size_t length = strcspn(++p, "/");

        if (length == 0 && p[0] == '\0')
            break; /* the slash at the end */
        if (w->count == SEGMENTS_MAX)
            return 0;
        if (!url_decode(r, p, length, 0, &w->segments[w->count++]))
            return -1;
        p += length;
    }
    return *p == '\0';
}

/* What is below the path of a subtree is its own to decode. */
static int is_in(const route *subtree, const char *target)
{
    size_t length = strlen(subtree->path);

    return strncmp(target, subtree->path, length) == 0 &&
           (target[length] == '/' || (!target[length] && subtree->flags & ROUTE_ROOT));
}

static const route *find_subtree(const router *tree, const char *target)
{
    const route *const *subtree = tree->subtrees;

    while (*subtree && !is_in(*subtree, target))
        subtree++;
    return *subtree;
}

matched router_match(const router *tree, request *r, unsigned *allowed)
{
    walk w = {.count = 0, .params = r->params};
    method wanted = r->method == METHOD_HEAD ? METHOD_GET : r->method;
    const route *subtree = find_subtree(tree, r->target);
    const node *found;
    int ok;

    if (subtree) {
        *allowed = (1u << METHOD_ROUTABLE) - 1;
        r->route = subtree;
        return r->method == METHOD_OPTIONS ? MATCH_NO_METHOD : MATCH_FOUND;
    }
    ok = split(&w, r);
    found = ok > 0 ? descend(&w, &tree->root, 0, 0) : NULL;
    *allowed = 0;
    if (ok < 0)
        return MATCH_MALFORMED;
    if (!found)
        return MATCH_NO_PATH;
    *allowed = found->allowed;
    r->route = wanted < METHOD_ROUTABLE ? found->routes[wanted] : NULL;
    return r->route ? MATCH_FOUND : MATCH_NO_METHOD;
}

void router_allow(unsigned allowed, char out[ALLOW_SIZE])
{
    static const struct {
        method method;
        const char *text;
    } names[] = {{METHOD_GET, "GET, HEAD, "},
                 {METHOD_POST, "POST, "},
                 {METHOD_PUT, "PUT, "},
                 {METHOD_PATCH, "PATCH, "},
                 {METHOD_DELETE, "DELETE, "}};
    char *end = out;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (allowed & 1u << names[i].method)
            end = stpcpy(end, names[i].text);
    strcpy(end, "OPTIONS");
}
