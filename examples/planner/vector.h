/* vector.h: what the files of `tripsage vector` share: vector_file.c reads files of vectors, vector_progress.c shows how far something is, vector.c fills and asks
 * collections of a database, vector_bench.c measures an index by itself. */
#ifndef PLANNER_VECTOR_H
#define PLANNER_VECTOR_H

#include <stdint.h>
#include <stdio.h>

#include "planner.h"

/* ---- vector_file.c ---- */

typedef struct file_format file_format;

/* A file of vectors, or of the numbers of the nearest ones (ground truth), read from front to back or, but for JSONL, from any record on. */
typedef struct vector_file {
    const char *path; /* borrowed */
    const file_format *format;
    FILE *stream;
    uint64_t bytes;      /* 0: not known, it is no regular file */
    uint64_t start;      /* where the first record is */
    uint64_t count;      /* records; 0: not known (JSONL) */
    uint64_t at;         /* the record that is read next */
    uint32_t dimensions; /* of each; JSONL: 0 */
    char element;        /* f: f32, u: u8, i: i8, n: i32, N: i64 */
    size_t record_size;  /* bytes */
    unsigned char *raw;  /* one record or line */
} vector_file;

enum { VECTORS, NEIGHBOURS };

/* Opens a file that holds what is `wanted`; `format` may be NULL: the file's name says it. Says what is wrong and answers REFUSED or USAGE. Close it
 * on every path. */
int vector_file_open(vector_file *out, const char *path, const char *format, int wanted);
void vector_file_close(vector_file *file);
int vector_file_is_lines(const vector_file *file);

/* What reading answers when there is no further record, beside DONE and REFUSED. */
enum { AT_END = -1 };

int vector_file_seek(vector_file *file, uint64_t record);
/* `out` has room for the file's dimensions. */
int vector_file_read(vector_file *file, float *out);
int vector_file_read_numbers(vector_file *file, int64_t *out);

/* A line of a JSONL file. */
typedef struct vector_line {
    tripsage_doc *doc;
    const char *id, *text, *metadata,
        *owner_id; /* borrowed from doc; NULL where absent, text also where there are values */
    float *values; /* malloc'd */
    size_t value_count;
} vector_line;

int vector_file_read_line(vector_file *file, vector_line *out);
void vector_line_free(vector_line *line);

/* Says what is wrong with the record at hand: number `record`, or the line before the next. Answers REFUSED. */
int vector_file_refuse(const vector_file *file, uint64_t record, const char *what);

/* ---- vector_progress.c ---- */

/* A line on a terminal's stderr that is written over; nothing where stderr is no terminal. */
typedef struct progress {
    const char *what;
    int is_shown;
    int64_t started, shown; /* milliseconds of a clock that only goes forward */
} progress;

int64_t clock_ns(void);
void progress_begin(progress *p, const char *what);
/* `done` of `total` (0: nobody knows); `items` of what `unit` says, of which the rate is shown. */
void progress_show(progress *p, uint64_t done, uint64_t total, uint64_t items, const char *unit);
void progress_end(progress *p);

/* ---- vector.c ---- */

extern const command vector_commands[];

/* Reads --metric; `otherwise` without one. */
int read_metric(const arguments *given, tripsage_metric otherwise, tripsage_metric *out);
const char *metric_name(tripsage_metric metric);

/* ---- vector_bench.c ---- */

extern const option bench_options[];
int run_vector_bench(planner *p, const arguments *given);

#endif
