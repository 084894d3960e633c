/* neon_dot.c: neon.c for processors that have dot products of bytes (ARMv8.2). A file of its own, since compilers tell what a file may use for all of it. */
#define TRIPSAGE__NEON_DOT
#include "neon.c" /* NOLINT(bugprone-suspicious-include): the same text once more, for other instructions */
