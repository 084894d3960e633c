/* log.c: see log.h.
 *
 * Two blocks: lines are appended to one while the other is being written. `gathering` and the sizes are guarded by
 * `lock`; `writing` is held during write(2), so that blocks leave in order. Lock order: writing -> lock. */
#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "redact.h"
#include "telemetry.h"

/* 256 KiB: about a thousand lines; at 40,000 requests a second a block fills in 25 ms and is written early. */
#define BLOCK_SIZE ((size_t)256 * 1024)

static struct {
    pthread_mutex_t lock, writing;
    pthread_cond_t filled;
    pthread_t thread;
    int running, stopping;
    int fd;
    tripsage_log_level level;
    int masks_people; /* e-mail addresses, and what is behind "token=" and its like */
    int gathering;
    size_t size[2];
    char block[2][BLOCK_SIZE];
} journal = {.lock = PTHREAD_MUTEX_INITIALIZER,
             .writing = PTHREAD_MUTEX_INITIALIZER,
             .filled = PTHREAD_COND_INITIALIZER,
             .fd = STDERR_FILENO,
             .level = TRIPSAGE_LOG_INFO};

static void write_all(const char *data, size_t size)
{
    while (size) {
        ssize_t written = write(journal.fd, data, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* nobody reads the log: there is nowhere left to say so */
        data += written;
        size -= (size_t)written;
    }
}

static void flush(void)
{
    int full;

    pthread_mutex_lock(&journal.writing);
    pthread_mutex_lock(&journal.lock);
    full = journal.gathering;
    journal.gathering = !full;
    pthread_mutex_unlock(&journal.lock);
    write_all(journal.block[full], journal.size[full]);
    journal.size[full] = 0;
    pthread_mutex_unlock(&journal.writing);
}

static void *write_lines(void *unused)
{
    const struct timespec delay = {0, LOG_DELAY_MS * 1000000L};
    int stopping = 0;

    (void)unused;
    while (!stopping) {
        pthread_mutex_lock(&journal.lock);
        while (!journal.stopping && journal.size[journal.gathering] == 0)
            pthread_cond_wait(&journal.filled, &journal.lock);
        stopping = journal.stopping;
        pthread_mutex_unlock(&journal.lock);
        if (!stopping)
            nanosleep(&delay, NULL);
        flush();
    }
    return NULL;
}

int log_open(tripsage_log_level level, int masks_people)
{
    journal.level = level;
    journal.masks_people = masks_people;
    journal.fd = STDOUT_FILENO;
    journal.stopping = 0;
    journal.running = pthread_create(&journal.thread, NULL, write_lines, NULL) == 0;
    return journal.running;
}

void log_close(void)
{
    if (!journal.running)
        return;
    pthread_mutex_lock(&journal.lock);
    journal.stopping = 1;
    pthread_cond_signal(&journal.filled);
    pthread_mutex_unlock(&journal.lock);
    pthread_join(journal.thread, NULL);
    journal.running = 0;
    flush();
}

int log_wants(tripsage_log_level level)
{
    return level <= journal.level;
}

/* 0 when the block is full. */
static int append(const char *line, size_t size)
{
    int now;

    pthread_mutex_lock(&journal.lock);
    now = journal.gathering;
    if (journal.size[now] + size > BLOCK_SIZE) {
        pthread_mutex_unlock(&journal.lock);
        return 0;
    }
    memcpy(journal.block[now] + journal.size[now], line, size);
    if (journal.size[now] == 0)
        pthread_cond_signal(&journal.filled);
    journal.size[now] += size;
    pthread_mutex_unlock(&journal.lock);
    return 1;
}

void log_line(tripsage_log_level level, const char *line, size_t size)
{
    if (!log_wants(level) || size > BLOCK_SIZE)
        return;
    while (!append(line, size))
        flush();
    if (level <= TRIPSAGE_LOG_WARN || !journal.running)
        flush();
}

static const char *level_name(tripsage_log_level level)
{
    switch (level) {
    case TRIPSAGE_LOG_ERROR:
        return "error";
    case TRIPSAGE_LOG_WARN:
        return "warning";
    case TRIPSAGE_LOG_DEBUG:
        return "debug";
    case TRIPSAGE_LOG_INFO:
    default:
        return "info";
    }
}

/* The second's text is made once a second and thread, not once a line. */
void timestamp_now(char out[TIMESTAMP_SIZE])
{
    static _Thread_local struct {
        time_t second;
        char text[20];
    } made;
    struct timespec now;
    int ms;

    clock_gettime(CLOCK_REALTIME, &now);
    if (made.second != now.tv_sec || !made.text[0]) {
        struct tm utc;

        gmtime_r(&now.tv_sec, &utc);
        strftime(made.text, sizeof made.text, "%Y-%m-%dT%H:%M:%S", &utc);
        made.second = now.tv_sec;
    }
    ms = (int)(now.tv_nsec / 1000000);
    memcpy(out, made.text, 19);
    out[19] = '.';
    out[20] = (char)('0' + ms / 100);
    out[21] = (char)('0' + ms / 10 % 10);
    out[22] = (char)('0' + ms % 10);
    out[23] = 'Z';
    out[24] = '\0';
}

void log_begin(buffer *line, tripsage_log_level level)
{
    char now[TIMESTAMP_SIZE];

    timestamp_now(now);
    BUFFER_LIT(line, "{\"time\":\"");
    buffer_put(line, now, TIMESTAMP_SIZE - 1);
    BUFFER_LIT(line, "\",\"level\":\"");
    buffer_puts(line, level_name(level));
    BUFFER_LIT(line, "\"");
}

static void put_event(tripsage_log_level level, const char *event, const char *message)
{
    buffer line = {NULL, 0, 0, 0};
    tripsage_trace_ids ids;
    char shown[768]; /* messages have at most 512 bytes; each secret grows to three at most */

    redact(shown, sizeof shown, message, journal.masks_people);
    log_begin(&line, level);
    BUFFER_LIT(&line, ",\"event\":");
    buffer_jsonz(&line, event);
    tripsage_telemetry_current(&ids);
    telemetry_put_ids(&line, &ids);
    BUFFER_LIT(&line, ",\"message\":");
    buffer_jsonz(&line, shown);
    BUFFER_LIT(&line, "}\n");
    if (!line.failed)
        log_line(level, line.data, line.size);
    buffer_free(&line);
}

void log_event(tripsage_log_level level, const char *event, const char *format, ...)
{
    char message[512];
    va_list arguments;

    if (!log_wants(level))
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    put_event(level, event, message);
}

void log_library(tripsage_log_level level, const char *room, const char *message, void *user)
{
    (void)user;
    if (log_wants(level))
        put_event(level, room, message);
}
