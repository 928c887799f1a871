// A temporary folder with configuration files in it, and a short way to load them; for the tests of
// the configuration.
#ifndef OFFLOAD_TESTS_CONFIG_FOLDER_H
#define OFFLOAD_TESTS_CONFIG_FOLDER_H

#include "model/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_FILES 8

struct folder {
    char directory[64];
    char path[96];             // of offloadd.conf, which need not exist
    char *files[FOLDER_FILES]; // paths of what was written
    size_t file_count;
    struct config_error error;
};

static inline int
folder_setup(void **state)
{
    struct folder *folder = calloc(1, sizeof(*folder));
    char drop_ins[128];

    if (folder == NULL)
        return -1;
    strcpy(folder->directory, "/tmp/offload-config-XXXXXX");
    if (mkdtemp(folder->directory) == NULL)
        return -1;
    snprintf(folder->path, sizeof(folder->path), "%s/offloadd.conf", folder->directory);
    snprintf(drop_ins, sizeof(drop_ins), "%s.d", folder->path);
    *state = folder;
    return mkdir(drop_ins, 0700);
}

static inline void
folder_forget(struct folder *folder)
{
    while (folder->file_count > 0) {
        unlink(folder->files[--folder->file_count]);
        free(folder->files[folder->file_count]);
    }
}

static inline int
folder_teardown(void **state)
{
    struct folder *folder = *state;
    char drop_ins[128];

    folder_forget(folder);
    snprintf(drop_ins, sizeof(drop_ins), "%s.d", folder->path);
    rmdir(drop_ins);
    rmdir(folder->directory);
    free(folder);
    return 0;
}

static inline void
folder_write_bytes(struct folder *folder, const char *name, const void *bytes, size_t length)
{
    char *path;
    FILE *file;

    assert_true(folder->file_count < FOLDER_FILES);
    assert_true(asprintf(&path, "%s/%s", folder->directory, name) > 0);
    folder->files[folder->file_count++] = path;
    file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static inline void
folder_write(struct folder *folder, const char *name, const char *text)
{
    folder_write_bytes(folder, name, text, strlen(text));
}

// Loads offloadd.conf with its drop-ins; `set` may be NULL.
static inline struct config *
folder_try(struct folder *folder, const char *set)
{
    const struct config_source source = {
        .path = folder->path, .sets = &set, .set_count = set != NULL ? 1 : 0};

    memset(&folder->error, 0, sizeof(folder->error));
    return config_load(&source, &folder->error);
}

static inline struct config *
folder_load(struct folder *folder, const char *set)
{
    struct config *config = folder_try(folder, set);

    if (config == NULL)
        fail_msg("%s", folder->error.text);
    return config;
}

// Expects the load to fail, and says what the error must be: what stands behind the folder's name.
static inline void
folder_expect_error(struct folder *folder, const char *set, const char *expected)
{
    struct config *config = folder_try(folder, set);
    const char *text = folder->error.text;
    size_t length = strlen(folder->directory);

    if (config != NULL)
        fail_msg("accepted, but expected: %s", expected);
    if (strncmp(text, folder->directory, length) == 0)
        text += length + 1;
    assert_string_equal(text, expected);
}

static inline void
check_words(char *const *words, const char *const *expected)
{
    size_t i = 0;

    for (; words[i] != NULL && expected[i] != NULL; i++)
        assert_string_equal(words[i], expected[i]);
    assert_null(words[i]);
    assert_null(expected[i]);
}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline void
check_listen(const struct config *config, size_t index, const char *expected)
{
    char text[ADDRESS_TEXT_MAX];

    assert_true(index < config->listen_count);
    address_format(&config->listen[index], text);
    assert_string_equal(text, expected);
}

#endif
