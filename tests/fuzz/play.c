/* play.c: the main of a fuzz target in a build without libFuzzer: plays the files it is given. */
#include <string.h>

#include "fuzz.h"

/* libFuzzer's own limit by default is a page; ours are larger than any file of a corpus. */
#define FILE_MAX ((size_t)1024 * 1024)

static void play(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(FILE_MAX + 1), *exact;
    size_t size;

    FUZZ_CHECK(file && data);
    size = fread(data, 1, FILE_MAX + 1, file);
    FUZZ_CHECK(size <= FILE_MAX && !ferror(file));
    fclose(file);
    exact = malloc(size ? size : 1); /* of its own size, so that a sanitizer sees a read past the end */
    FUZZ_CHECK(exact);
    memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    free(data);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        play(argv[i]);
    printf("%d inputs\n", argc - 1);
    return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
