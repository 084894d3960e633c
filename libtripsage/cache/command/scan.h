/* cache/command/scan.h: what SCAN, HSCAN, SSCAN and ZSCAN have in common: a cursor, options, and a reply of the next cursor and of items.
 *
 *     if (!tripsage__scan_cursor(&scan, c, 2) || !tripsage__command_object(...)) return;
 *     if (!tripsage__scan_options(&scan, c, 3, 0)) return;
 *     tripsage__scan_begin(&scan, c);
 *     next = tripsage__dict_scan(dict, scan.cursor, scan.count, visit, ...);      writes items of which tripsage__scan_wants
 *     tripsage__scan_end(&scan, c, next); */
#ifndef TRIPSAGE_CACHE_COMMAND_SCAN_H
#define TRIPSAGE_CACHE_COMMAND_SCAN_H

#include "command.h"

enum {
    TRIPSAGE__SCAN_TYPES = 1,    /* TYPE and WITHTYPE (Upstash) are options */
    TRIPSAGE__SCAN_NO_VALUES = 2 /* NOVALUES is one */
};

/* Members of a set or a sorted set that come in one step, since Redis keeps so many in one piece (set- and zset-max-listpack-entries). */
#define TRIPSAGE__SCAN_AT_ONCE 128u

typedef struct tripsage__scan {
    uint64_t cursor;
    size_t count;
    tripsage__cache_bytes pattern; /* data NULL: any */
    tripsage__cache_bytes type;    /* likewise */
    int with_type, no_values;
    size_t begun; /* between _begin and _end */
} tripsage__scan;

/* These reply an error and give 0 when an argument is not what it should be. */
int tripsage__scan_cursor(tripsage__scan *scan, tripsage__command *c, size_t at);
int tripsage__scan_options(tripsage__scan *scan, tripsage__command *c, size_t first, unsigned allowed);

void tripsage__scan_begin(tripsage__scan *scan, tripsage__command *c);
int tripsage__scan_wants(const tripsage__scan *scan, tripsage__cache_bytes name);
void tripsage__scan_end(const tripsage__scan *scan, tripsage__command *c, uint64_t next);

#endif
