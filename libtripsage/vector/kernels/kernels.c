/* kernels.c: which of the tables this processor can run. */
#include "kernels.h"

#include <stdatomic.h>

#include "rows.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#if defined(__x86_64__)
/* Says also whether the system keeps the registers' upper parts when threads change. GCC's name for F16C is unknown to clang 14. */
static int has_avx2(void)
{
    unsigned a, b, c = 0, d;

    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") && __get_cpuid(1, &a, &b, &c, &d) &&
           (c & bit_F16C);
}

static int has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

size_t tripsage__kernels_all(const tripsage__kernel_table *out[TRIPSAGE__KERNEL_TABLES_MAX])
{
    size_t count = 0;

    out[count++] = &tripsage__kernels_portable;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (has_avx2())
        out[count++] = &tripsage__kernels_avx2;
    if (has_avx512()) {
        out[count++] = &tripsage__kernels_avx512;
        if (__builtin_cpu_supports("avx512vnni")) {
            out[count++] = &tripsage__kernels_avx512_vnni;
            if (__builtin_cpu_supports("avx512vpopcntdq"))
                out[count++] = &tripsage__kernels_avx512_popcount;
        }
    }
#elif defined(__aarch64__)
    out[count++] = &tripsage__kernels_neon;
#if defined(__linux__)
    if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP)
        out[count++] = &tripsage__kernels_neon_dot;
#endif
#endif
    return count;
}

/* Constant tables, so an order between threads is not needed: who finds none chooses the same as the others. */
static _Atomic(const tripsage__kernel_table *) chosen;

const tripsage__kernel_table *tripsage__kernels_best(void)
{
    const tripsage__kernel_table *table = atomic_load_explicit(&chosen, memory_order_relaxed);

    if (!table) {
        const tripsage__kernel_table *tables[TRIPSAGE__KERNEL_TABLES_MAX];

        table = tables[tripsage__kernels_all(tables) - 1];
        atomic_store_explicit(&chosen, table, memory_order_relaxed);
    }
    return table;
}

void tripsage__kernels_force(const tripsage__kernel_table *table)
{
    atomic_store_explicit(&chosen, table, memory_order_relaxed);
}
