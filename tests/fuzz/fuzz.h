/* fuzz.h: what a fuzz target is: a file with this one function, to which any bytes may be given, and which ends the program when something does
 * not hold. CMakeLists.txt says how it becomes a program. */
#ifndef TRIPSAGE_TESTS_FUZZ_H
#define TRIPSAGE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size); /* the name is libFuzzer's; 0 */

#define FUZZ_CHECK(holds)                                                                                              \
    do {                                                                                                               \
        if (!(holds)) {                                                                                                \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #holds);                                  \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

#endif
