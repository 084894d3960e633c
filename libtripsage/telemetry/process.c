/* process.c: how the process is, as Linux tells it (proc(5)). Names are OpenTelemetry's (semconv, system/process-metrics), but for those
 * that would end in "_count", which Prometheus keeps for histograms: there they are those of its own client libraries. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "telemetry_internal.h"

static int64_t nanoseconds(struct timeval time)
{
    return (int64_t)time.tv_sec * 1000000000 + (int64_t)time.tv_usec * 1000;
}

static void put_cpu(tripsage__exposition *to)
{
    static const char name[] = "process_cpu_time_seconds";
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return;
    tripsage__exposition_family(to, name, "counter", "seconds", "Processor time of the process.");
    tripsage__exposition_sample(to, name, "_total", "cpu_mode=\"user\"", nanoseconds(usage.ru_utime), 1);
    tripsage__exposition_sample(to, name, "_total", "cpu_mode=\"system\"", nanoseconds(usage.ru_stime), 1);
}

static void put_one(tripsage__exposition *to, const char *name, const char *unit, const char *help, int64_t amount)
{
    tripsage__exposition_family(to, name, "gauge", unit, help);
    tripsage__exposition_sample(to, name, "", "", amount, 0);
}

/* /proc/self/statm: pages of the whole, and of what is in memory. */
static void put_memory(tripsage__exposition *to)
{
    FILE *file = fopen("/proc/self/statm", "re");
    int64_t page = sysconf(_SC_PAGESIZE);
    char line[128], *rest;

    if (!file)
        return;
    if (fgets(line, sizeof line, file)) {
        int64_t whole = strtoll(line, &rest, 10), resident = strtoll(rest, NULL, 10);

        put_one(to, "process_memory_usage_bytes", "bytes", "Physical memory in use.", resident * page);
        put_one(to, "process_memory_virtual_bytes", "bytes", "Address space in use.", whole * page);
    }
    fclose(file);
}

static int64_t count_entries(const char *folder)
{
    DIR *opened = opendir(folder);
    int64_t count = 0;

    if (!opened)
        return -1;
    for (struct dirent *entry; (entry = readdir(opened)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(opened);
    return count;
}

void tripsage__process_put(tripsage__exposition *to)
{
    int64_t files = count_entries("/proc/self/fd"), threads = count_entries("/proc/self/task");
    struct rlimit limit;

    put_cpu(to);
    put_memory(to);
    if (files > 0) /* one is this look's own */
        put_one(to, "process_open_fds", "", "Open files.", files - 1);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        put_one(to, "process_max_fds", "", "Files that may be open.", (int64_t)limit.rlim_cur);
    if (threads >= 0)
        put_one(to, "process_threads", "", "Threads.", threads);
}
