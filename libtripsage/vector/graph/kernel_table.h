/* graph/kernel_table.h: the arithmetic over codes there is, one file for each kind of machine. */
#ifndef TRIPSAGE_VECTOR_GRAPH_KERNEL_TABLE_H
#define TRIPSAGE_VECTOR_GRAPH_KERNEL_TABLE_H

#include "coder.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define TRIPSAGE__X86 1
extern const tripsage__kernels tripsage__graph_kernels_avx2;
extern const tripsage__kernels tripsage__graph_kernels_avx2_vnni;
extern const tripsage__kernels tripsage__graph_kernels_avx512;
#elif defined(__aarch64__) && defined(__GNUC__)
#define TRIPSAGE__ARM 1
extern const tripsage__kernels tripsage__graph_kernels_neon;
extern const tripsage__kernels tripsage__graph_kernels_neon_dot; /* with dot products of bytes */
#endif

/* All that this machine can run, the portable one first and the best one last; how many there are. */
#define TRIPSAGE__GRAPH_KERNELS_MAX 4
size_t tripsage__graph_kernels_all(const tripsage__kernels *out[TRIPSAGE__GRAPH_KERNELS_MAX]);

#endif
