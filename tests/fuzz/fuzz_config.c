// A configuration file: whatever is in it is refused with a sentence, or is a configuration that
// prints as a file which reads back to the same (offloadd --check, and how a reload finds out which
// pools have changed).
//
// An input is the file.
#include "model/config.h"
#include "tests/fuzz/oracle.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// NULL if it is refused.
static struct config *
load(const void *bytes, size_t size)
{
    int fd = memfd_create("fuzz_config", MFD_CLOEXEC);
    struct config_source source = {0};
    struct config_error error = {0};
    struct config *config;
    char path[64];

    FUZZ_CHECK(fd >= 0);
    FUZZ_CHECK(write(fd, bytes, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    source.path = path;
    config = config_load(&source, &error);
    close(fd);
    if (config == NULL)
        FUZZ_CHECK(error.text[0] != '\0' && memchr(error.text, '\0', sizeof(error.text)) != NULL);
    return config;
}

static char *
print(const struct config *config, size_t *ret_size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_size);

    FUZZ_CHECK(out != NULL && config_print(config, out) == 0);
    FUZZ_CHECK(fclose(out) == 0);
    return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config = load(data, size);
    struct config *again;
    size_t again_size;
    char *again_text;
    size_t text_size;
    char *text;

    if (config == NULL)
        return 0;
    text = print(config, &text_size);
    again = load(text, text_size);
    FUZZ_CHECK(again != NULL);
    again_text = print(again, &again_size);
    FUZZ_CHECK(text_size == again_size && memcmp(text, again_text, text_size) == 0);
    FUZZ_CHECK(config->pool_count == again->pool_count);
    for (size_t i = 0; i < config->pool_count; i++)
        FUZZ_CHECK(config_same_pool(&config->pools[i], &again->pools[i]));
    free(again_text);
    free(text);
    config_free(again);
    config_free(config);
    return 0;
}
