/* code_kernels.c: which arithmetic over codes this machine can do. */
#include "kernel_table.h"

#if defined(TRIPSAGE__X86)
#include <cpuid.h>
#elif defined(TRIPSAGE__ARM) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#ifdef TRIPSAGE__X86
/* Compilers of Debian 12 have no name for it. */
static int has_avx_vnni(void)
{
    unsigned a = 0, b, c, d;

    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}
#endif

size_t tripsage__graph_kernels_all(const tripsage__kernels *out[TRIPSAGE__GRAPH_KERNELS_MAX])
{
    size_t count = 0;

    out[count++] = &tripsage__graph_kernels_portable;
#if defined(TRIPSAGE__X86)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("popcnt")) {
        out[count++] = &tripsage__graph_kernels_avx2;
        if (has_avx_vnni())
            out[count++] = &tripsage__graph_kernels_avx2_vnni;
    }
    if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vpopcntdq"))
        out[count++] = &tripsage__graph_kernels_avx512;
#elif defined(TRIPSAGE__ARM)
    out[count++] = &tripsage__graph_kernels_neon;
#if defined(__linux__)
    if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP)
        out[count++] = &tripsage__graph_kernels_neon_dot;
#endif
#endif
    return count;
}

const tripsage__kernels *tripsage__graph_kernels(void)
{
    const tripsage__kernels *all[TRIPSAGE__GRAPH_KERNELS_MAX];

    return all[tripsage__graph_kernels_all(all) - 1];
}
