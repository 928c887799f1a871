// Checks documents against the tables in the code, so that neither can change alone:
//
//     check_documents keys offloadd.conf.5     every key has its item, with what it takes and its
//                                              default, no item stands for a key that is none, and
//                                              the example is a valid configuration
//     check_documents errors protocol.md       every error's code and name stand in one line
#include "common/errors.h"
#include "model/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ITEM ".It Cm "

static unsigned complaints;

static void
complain(const char *what, const char *which)
{
    fprintf(stderr, "%s: %s\n", which, what);
    complaints++;
}

static char *
read_document(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t capacity = 0;

    if (file == NULL || getdelim(&text, &capacity, '\0', file) < 0) {
        perror(path);
        exit(1);
    }
    fclose(file);
    return text;
}

static bool
is_word_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

// Finds a word in text[0..length), not as part of a longer one.
static bool
has_word(const char *text, size_t length, const char *word)
{
    size_t size = strlen(word);

    for (size_t i = 0; i + size <= length; i++)
        if (memcmp(text + i, word, size) == 0 && (i == 0 || !is_word_character(text[i - 1])) &&
            (i + size == length || !is_word_character(text[i + size])))
            return true;
    return false;
}

// The part of the page that is about the section of a key: two sections may have a key of one name.
static const char *
find_section(const char *page, const struct config_key_info *info)
{
    const char *head = strcmp(info->section, "server") == 0 ? "\n.Sh THE SECTION [server]\n"
                                                            : "\n.Sh THE SECTIONS [pool NAME]\n";
    const char *section = strstr(page, head);

    return section != NULL ? section : "";
}

// The item of a key, from its first line to the next item; the text may use the same key in
// passing, so only the item counts.
static const char *
find_item(const char *page, const struct config_key_info *info, size_t *ret_length)
{
    char head[256];
    const char *item;
    const char *next;

    snprintf(head, sizeof(head), "\n" ITEM "%s No = Ar %s\n", info->key, info->value);
    item = strstr(find_section(page, info), head);
    if (item == NULL)
        return NULL;
    next = strstr(item + 1, "\n.It ");
    *ret_length = next != NULL ? (size_t)(next - item) : strlen(item);
    return item;
}

// Each word of the default must stand in the item.
static void
check_default(const char *item, size_t length, const struct config_key_info *info)
{
    char *words = strdup(info->standard);
    char *rest;

    if (words == NULL)
        exit(1);
    for (char *word = strtok_r(words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        char quoted[128];

        snprintf(quoted, sizeof(quoted), ".Ql %s", word);
        if (!has_word(item, length, quoted))
            complain("its item does not say the default", info->key);
    }
    free(words);
}

static bool
is_key(const char *name, size_t length)
{
    size_t count;
    const struct config_key_info *keys = config_keys(&count);

    for (size_t i = 0; i < count; i++)
        if (strlen(keys[i].key) == length && memcmp(keys[i].key, name, length) == 0)
            return true;
    return false;
}

// The first literal display of the examples, as a reader would copy it.
static void
check_example(const char *page)
{
    const char *section = strstr(page, "\n.Sh EXAMPLES\n");
    const char *start = section != NULL ? strstr(section, "\n.Bd -literal") : NULL;
    const char *end = start != NULL ? strstr(start, "\n.Ed") : NULL;
    char path[] = "/tmp/offload-example-XXXXXX";
    const struct config_source source = {.path = path};
    struct config_error error;
    struct config *config;
    FILE *file;

    if (end == NULL) {
        complain("there is no example", "EXAMPLES");
        return;
    }
    start = strchr(start + 1, '\n') + 1;
    file = fdopen(mkstemp(path), "w");
    if (file == NULL || fwrite(start, 1, (size_t)(end + 1 - start), file) == 0 ||
        fclose(file) != 0) {
        perror(path);
        exit(1);
    }
    config = config_load(&source, &error);
    if (config == NULL)
        complain(error.text, "EXAMPLES");
    config_free(config);
    unlink(path);
}

static void
check_keys(const char *page)
{
    size_t count;
    const struct config_key_info *keys = config_keys(&count);
    size_t length;

    for (size_t i = 0; i < count; i++) {
        const char *item = find_item(page, &keys[i], &length);

        if (item == NULL)
            complain("no item '" ITEM "KEY No = Ar VALUE'", keys[i].key);
        else
            check_default(item, length, &keys[i]);
    }
    check_example(page);
    for (const char *at = strstr(page, "\n" ITEM); at != NULL; at = strstr(at + 1, "\n" ITEM)) {
        const char *name = at + strlen("\n" ITEM);

        length = strcspn(name, " \n");
        if (!is_key(name, length))
            fprintf(stderr, "%.*s: no such key\n", (int)length, name), complaints++;
    }
}

static bool
has_line_with(const char *text, const char *one, const char *other)
{
    size_t length;

    for (; *text != '\0'; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        if (has_word(text, length, one) && has_word(text, length, other))
            return true;
    }
    return false;
}

static void
check_errors(const char *text)
{
    size_t count;
    const struct error_info *table = error_table(&count);

    for (size_t i = 0; i < count; i++) {
        char code[16];

        snprintf(code, sizeof(code), "%d", table[i].code);
        if (!has_line_with(text, code, table[i].name)) {
            complain("no line has this error's name and its code", table[i].name);
            fprintf(stderr, "    (the code is %s)\n", code);
        }
    }
}

int
main(int argc, char **argv)
{
    char *text;

    if (argc != 3 || (strcmp(argv[1], "keys") != 0 && strcmp(argv[1], "errors") != 0)) {
        fprintf(stderr, "usage: check_documents keys|errors FILE\n");
        return 64;
    }
    text = read_document(argv[2]);
    if (strcmp(argv[1], "keys") == 0)
        check_keys(text);
    else
        check_errors(text);
    free(text);
    return complaints == 0 ? 0 : 1;
}
