/* base/env.c: clock, chance and log of a handle, and UUIDv7 made from the first two. */
#include "env.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crypto.h"
#include "memory.h"
#include "observe.h"

struct tripsage__env {
    tripsage_runtime runtime;
    /* The last id's milliseconds << 12 | counter: ids ascend because this does. */
    _Atomic uint64_t last_tick;
};

tripsage_status tripsage__env_new(tripsage__env **out, const tripsage_runtime *runtime)
{
    static const tripsage_runtime standard = TRIPSAGE_RUNTIME_INIT;
    tripsage__env *env;

    *out = NULL;
    if (!runtime)
        runtime = &standard;
    if (runtime->version != 1)
        return TRIPSAGE_FAIL_FIELD("#options", "runtime.version is %u; start from TRIPSAGE_RUNTIME_INIT",
                                   runtime->version);
    env = tripsage__calloc(1, sizeof *env);
    if (!env)
        return TRIPSAGE_NOMEM();
    env->runtime = *runtime;
    if (!env->runtime.log_level)
        env->runtime.log_level = TRIPSAGE_LOG_INFO;
    *out = env;
    return TRIPSAGE_OK;
}

/* A telemetry handle begins with it (telemetry/telemetry_internal.h). */
tripsage__observer *tripsage__env_observer(const tripsage__env *env)
{
    return (tripsage__observer *)(void *)env->runtime.telemetry;
}

void tripsage__env_free(tripsage__env *env)
{
    tripsage__free(env);
}

int64_t tripsage__now_ms(tripsage__env *env)
{
    struct timespec now;

    if (env->runtime.now_ms)
        return env->runtime.now_ms(env->runtime.now_user);
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t nanoseconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t tripsage__monotonic_ns(void)
{
    return nanoseconds(CLOCK_MONOTONIC);
}

int64_t tripsage__system_ns(void)
{
    return nanoseconds(CLOCK_REALTIME);
}

int64_t tripsage__monotonic_us(void)
{
    return tripsage__monotonic_ns() / 1000;
}

int64_t tripsage__monotonic_ms(void)
{
    return tripsage__monotonic_us() / 1000;
}

int64_t tripsage__steady_us(tripsage__env *env)
{
    return env->runtime.now_ms ? tripsage__now_ms(env) * 1000 : tripsage__monotonic_us();
}

tripsage_status tripsage__random(tripsage__env *env, void *out, size_t size)
{
    int ok = env->runtime.random_bytes ? env->runtime.random_bytes(out, size, env->runtime.random_user) == 0
                                       : tripsage__random_bytes(out, size);

    if (!ok)
        return TRIPSAGE_FAIL(TRIPSAGE_EINTERNAL, "the random source gave nothing");
    return TRIPSAGE_OK;
}

/* The next tick: the clock's, or one more than the last where the clock has not moved on (RFC 9562, 6.2, method 1). A full counter
 * runs into the milliseconds, which keeps the order and is caught up with in a moment. */
static uint64_t next_tick(tripsage__env *env, int64_t now_ms)
{
    uint64_t clock = now_ms > 0 ? (uint64_t)now_ms << 12 : 0;
    uint64_t before = atomic_load_explicit(&env->last_tick, memory_order_relaxed);
    uint64_t next;

    do
        next = clock > before ? clock : before + 1;
    while (!atomic_compare_exchange_weak_explicit(&env->last_tick, &before, next, memory_order_relaxed,
                                                  memory_order_relaxed));
    return next;
}

tripsage_status tripsage__uuid7(tripsage__env *env, char out[TRIPSAGE__UUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];
    tripsage_status status = tripsage__random(env, bytes + 8, 8);
    int64_t now_ms = tripsage__now_ms(env);
    uint64_t tick;
    char *p = out;

    out[0] = '\0';
    if (status != TRIPSAGE_OK)
        return status;
    if (now_ms >> 48 > 0) /* kept out of last_tick: no later id could come after it */
        return TRIPSAGE_FAIL(TRIPSAGE_EINTERNAL, "the clock stands past every id");
    tick = next_tick(env, now_ms);
    for (int i = 0; i < 6; i++)
        bytes[i] = (unsigned char)(tick >> (52 - 8 * i));
    bytes[6] = (unsigned char)(0x70 | ((tick >> 8) & 0x0f));
    bytes[7] = (unsigned char)tick;
    bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3f));
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = digits[bytes[i] >> 4];
        *p++ = digits[bytes[i] & 15];
    }
    *p = '\0';
    return TRIPSAGE_OK;
}

int tripsage__uuid_parse(const char *text, char out[TRIPSAGE__UUID_SIZE])
{
    char parsed[TRIPSAGE__UUID_SIZE];

    if (!text)
        return 0;
    for (int i = 0; i < 36; i++) {
        char c = text[i];

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-')
                return 0;
        } else if (c >= 'A' && c <= 'F') {
            c = (char)(c + ('a' - 'A'));
        } else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return 0; /* the NUL of a short text ends here too */
        }
        parsed[i] = c;
    }
    if (text[36] != '\0')
        return 0;
    parsed[36] = '\0';
    memcpy(out, parsed, sizeof parsed);
    return 1;
}

void tripsage__log(tripsage__env *env, tripsage_log_level level, const char *room, const char *format, ...)
{
    char message[512]; /* one line for a person; longer ones are cut */
    va_list arguments;

    if (!env->runtime.log || level > env->runtime.log_level)
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    tripsage__end_with_character(message);
    env->runtime.log(level, room, message, env->runtime.log_user);
}
