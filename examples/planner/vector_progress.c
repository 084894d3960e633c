/* vector_progress.c: how far something is, on one line of a terminal. */
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vector.h"

int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void progress_begin(progress *p, const char *what)
{
    p->what = what;
    p->is_shown = isatty(STDERR_FILENO);
    p->started = clock_ns() / 1000000;
    p->shown = p->started;
}

/* "1:02:03", or "2:03" */
static void write_duration(char *out, size_t size, int64_t seconds)
{
    if (seconds >= 3600)
        snprintf(out, size, "%" PRId64 ":%02d:%02d", seconds / 3600, (int)(seconds / 60 % 60), (int)(seconds % 60));
    else
        snprintf(out, size, "%d:%02d", (int)(seconds / 60), (int)(seconds % 60));
}

void progress_show(progress *p, uint64_t done, uint64_t total, uint64_t items, const char *unit)
{
    static const char full[] = "##############################", empty[] = "..............................";
    int64_t now = clock_ns() / 1000000, elapsed = now - p->started;
    if (!p->is_shown || now - p->shown < 100) /* ten times a second is as often as anybody can read */
        return;
    p->shown = now;
    fprintf(stderr, "\r%-12s ", p->what);
    if (total) {
        double part = done < total ? (double)done / (double)total : 1.0;
        int width = (int)(part * (double)(sizeof full - 1));
        char left[32];
        write_duration(left, sizeof left, part > 0 ? (int64_t)((double)elapsed * (1 - part) / part / 1000) : 0);
        fprintf(stderr, "[%.*s%s] %3d %%  %s left  ", width, full, empty + width, (int)(part * 100), left);
    }
    fprintf(stderr, "%" PRIu64 " %s, %" PRIu64 "/s\033[K", items, unit,
            elapsed > 0 ? items * 1000 / (uint64_t)elapsed : 0);
}

void progress_end(progress *p)
{
    if (p->is_shown)
        fputs("\r\033[K", stderr);
}
