/* commands/progress.c: see progress.h. */
#include "commands/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

void progress_begin(progress *p)
{
    memset(p, 0, sizeof *p);
    p->is_terminal = isatty(STDERR_FILENO);
    p->tenth = -1;
    p->shown_ms = clock_ms();
}

static int percent(int64_t done, int64_t total)
{
    return total > 0 ? (int)((double)(done < total ? done : total) * 100.0 / (double)total) : 0;
}

static void show_on_terminal(progress *p, int is_new, int64_t done, int64_t total)
{
    int64_t now = clock_ms();

    if (!is_new && now - p->shown_ms < 100) /* ten times a second is as often as anybody can read */
        return;
    p->shown_ms = now;
    if (total > 0)
        fprintf(stderr, "\r%-12s %3d %%\033[K", p->phase, percent(done, total));
    else
        fprintf(stderr, "\r%-12s ...\033[K", p->phase);
}

/* Nobody reads along: what is over in two seconds is not worth a line. */
static void show_in_log(progress *p, int64_t done, int64_t total)
{
    int tenth = percent(done, total) / 10;

    if (tenth == p->tenth || clock_ms() - p->shown_ms < 2000)
        return;
    p->tenth = tenth;
    p->shown_ms = clock_ms();
    if (total > 0)
        fprintf(stderr, "tripsage-server: %s: %d %%\n", p->phase, percent(done, total));
    else
        fprintf(stderr, "tripsage-server: %s\n", p->phase);
}

void progress_show(void *user, const char *phase, int64_t done, int64_t total)
{
    progress *p = user;
    int is_new = strcmp(phase, p->phase) != 0;

    if (is_new) {
        snprintf(p->phase, sizeof p->phase, "%s", phase);
        p->tenth = -1;
    }
    if (p->is_terminal)
        show_on_terminal(p, is_new, done, total);
    else
        show_in_log(p, done, total);
}

void progress_end(progress *p)
{
    if (p->is_terminal && p->phase[0])
        fputs("\r\033[K", stderr);
}
