/* graph/kernel_table.h: the comparisons of codes there are, one file for each kind of machine. */
#ifndef TRIPSAGE_VECTOR_GRAPH_KERNEL_TABLE_H
#define TRIPSAGE_VECTOR_GRAPH_KERNEL_TABLE_H

#include "coder.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define TRIPSAGE__X86 1
extern const tripsage__kernels tripsage__graph_kernels_avx512;
#endif

#endif
