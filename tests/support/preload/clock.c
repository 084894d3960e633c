/* preload/clock.c: a time of day that a test holds in its hand, for a server that it starts: loaded before the C library (LD_PRELOAD), it
 * answers with the milliseconds that stand in the file TEST_CLOCK_FILE. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

static _Atomic int64_t *clock_ms;

__attribute__((constructor)) static void open_clock(void)
{
    const char *path = getenv("TEST_CLOCK_FILE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = mmap(NULL, sizeof *clock_ms, PROT_READ, MAP_SHARED, file, 0);

    if (mapped == MAP_FAILED)
        abort();
    close(file);
    clock_ms = mapped;
}

__attribute__((visibility("default"))) int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    int64_t now = *clock_ms;

    (void)zone;
    out->tv_sec = now / 1000;
    out->tv_usec = now % 1000 * 1000;
    return 0;
}
