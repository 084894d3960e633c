/* limbo.c: see limbo.h. */
#include "limbo.h"

#include <stdint.h>

#include "base/memory.h"

/* What malloc aligns its blocks to, so that what follows the head is aligned as well. */
struct tripsage__limbo_head {
    alignas(max_align_t) tripsage__limbo_head *next;
    uint64_t step;
    size_t size;
};

static tripsage__limbo_head *head_of(void *block)
{
    return (tripsage__limbo_head *)block - 1;
}

void tripsage__limbo_init(tripsage__limbo *limbo, tripsage__grace *grace)
{
    *limbo = (tripsage__limbo){.grace = grace};
}

void tripsage__limbo_close(tripsage__limbo *limbo)
{
    for (tripsage__limbo_head *head = limbo->first, *next; head; head = next) {
        next = head->next;
        tripsage__free(head);
    }
    tripsage__limbo_init(limbo, limbo->grace);
}

void *tripsage__limbo_alloc(size_t size)
{
    tripsage__limbo_head *head = size <= SIZE_MAX - sizeof *head ? tripsage__calloc(1, sizeof *head + size) : NULL;

    return head ? head + 1 : NULL;
}

void tripsage__limbo_free(void *block)
{
    if (block)
        tripsage__free(head_of(block));
}

void tripsage__limbo_retire(tripsage__limbo *limbo, void *block, size_t size)
{
    tripsage__limbo_head *head;

    if (!block)
        return;
    head = head_of(block);
    head->next = NULL;
    head->size = size;
    head->step = tripsage__grace_after(limbo->grace);
    if (limbo->last)
        limbo->last->next = head;
    else
        limbo->first = head;
    limbo->last = head;
    limbo->bytes += size;
    tripsage__limbo_collect(limbo);
}

void tripsage__limbo_collect(tripsage__limbo *limbo)
{
    tripsage__limbo_head *head;

    while ((head = limbo->first) && tripsage__grace_is_over(limbo->grace, head->step)) {
        limbo->first = head->next;
        if (!limbo->first)
            limbo->last = NULL;
        limbo->bytes -= head->size;
        tripsage__free(head);
    }
}
