// Runs a fuzz target over the files of a folder: the corpus as a plain test, with any compiler.
// Each input stands in memory of exactly its size, so that AddressSanitizer sees a read behind it.
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

// Returns 0, or -1 if the file cannot be read.
static int
run_file(const char *folder, const char *name)
{
    char path[4096];
    uint8_t *data = NULL;
    int result = -1;
    FILE *file;
    long size;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (file == NULL)
        return -1;
    if (fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 || fseek(file, 0, SEEK_SET) != 0)
        goto out;
    data = malloc((size_t)size);
    if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size)
        goto out;
    // Known when the target aborts.
    fprintf(stderr, "%s\n", name);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    result = 0;
out:
    free(data);
    fclose(file);
    return result;
}

int
main(int argc, char **argv)
{
    struct dirent **entries;
    int count, failed = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 64;
    }
    count = scandir(argv[1], &entries, is_visible, alphasort);
    if (count <= 0) {
        fprintf(stderr, "%s: no inputs in %s\n", argv[0], argv[1]);
        return 1;
    }
    for (int i = 0; i < count; i++) {
        if (run_file(argv[1], entries[i]->d_name) != 0) {
            fprintf(stderr, "%s/%s: cannot be read\n", argv[1], entries[i]->d_name);
            failed = 1;
        }
        free(entries[i]);
    }
    free(entries);
    printf("%d inputs\n", count);
    return failed;
}
