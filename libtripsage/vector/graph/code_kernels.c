/* code_kernels.c: which comparison of codes this machine can do. */
#include "kernel_table.h"

const tripsage__kernels *tripsage__graph_kernels(void)
{
#ifdef TRIPSAGE__X86
    if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        return &tripsage__graph_kernels_avx512;
#endif
    return &tripsage__graph_kernels_portable;
}
