// See prepare.h.
#include "prepare.h"

#include "tests/functional/assertions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// Further settings that are words of our own: a pool whose workers cannot be started, for which
// nobody must wait; and the name of an attachment that is the configuration, with pools that have
// no workers.
#define WORD_BROKEN   "broken"
#define SUFFIX_CONFIG ".conf"
#define CONFIG_SHOP                                                        \
    "[pool shop]\nprogram = " WORKER_SCRIPTED " %F/script %F/transcript\n" \
    "methods = price stock\nprocesses = 1\n"

char *
prepare_path(const struct fixture *fixture, const char *name)
{
    char *path;

    assert_true(asprintf(&path, "%s/%s", fixture->daemon.folder, name) >= 0);
    return path;
}

static void
write_attachments(struct fixture *fixture, const struct document *document)
{
    for (size_t i = 0; i < document->attachment_count; i++) {
        char *path = prepare_path(fixture, document->attachments[i].name);

        write_text(path, document->attachments[i].text);
        assert_int_equal(chmod(path, 0700), 0);
        free(path);
    }
}

bool
prepare_is_for_worker(const struct step *step)
{
    return step->kind == STEP_WORKER_GETS || step->kind == STEP_WORKER_SAYS ||
           (step->kind == STEP_HAPPENS && strncmp(step->text, "the worker ", 11) == 0);
}

char *
prepare_text(const char *shown, size_t *ret_length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_length);
    unsigned count;
    int length;

    assert_non_null(out);
    while (*shown != '\0') {
        length = 0;
        if (strncmp(shown, "<CR>", 4) == 0) {
            fputc('\r', out);
            length = 4;
        } else if (sscanf(shown, "<%u x>%n", &count, &length) == 1 && length > 0) {
            while (count-- > 0)
                fputc('x', out);
        } else {
            fputc(*shown, out);
            length = 1;
        }
        shown += length;
    }
    assert_int_equal(fclose(out), 0);
    return text;
}

static void
write_step(FILE *script, const char *mark, const char *shown)
{
    size_t length;
    char *text = prepare_text(shown, &length);

    fprintf(script, "%s %s\n", mark, text);
    free(text);
}

static void
write_script(struct fixture *fixture, const struct example *example)
{
    static const char *const marks[] = {
        [STEP_WORKER_GETS] = "==>", [STEP_WORKER_SAYS] = "<==", [STEP_HAPPENS] = "***"};
    char *path = prepare_path(fixture, "script");
    FILE *script = fopen(path, "we");

    assert_non_null(script);
    for (size_t i = 0; i < example->count; i++)
        if (prepare_is_for_worker(&example->steps[i]))
            write_step(script, marks[example->steps[i].kind], example->steps[i].text);
    assert_int_equal(fclose(script), 0);
    free(path);
}

// NULL if there is none of that name.
static const char *
find_attachment(const struct document *document, const char *name)
{
    for (size_t i = 0; i < document->attachment_count; i++)
        if (strcmp(document->attachments[i].name, name) == 0)
            return document->attachments[i].text;
    return NULL;
}

static void
configure(struct fixture *fixture, const struct document *document, const char *name)
{
    const char *suffix = strrchr(name, '.');
    const char *text = suffix != NULL && strcmp(suffix, SUFFIX_CONFIG) == 0
                           ? find_attachment(document, name)
                           : NULL;

    if (text == NULL)
        fail_msg("a word that the player does not know: %s", name);
    daemon_configure(&fixture->daemon, text);
}

void
prepare_files(struct fixture *fixture, const struct document *document,
              const struct example *example)
{
    write_attachments(fixture, document);
    write_script(fixture, example);
}

bool
prepare_settings(struct fixture *fixture, const struct document *document,
                 const struct example *example, struct arguments *arguments)
{
    char *words = strdup(example->settings);
    bool wait = true;
    char *rest;

    assert_non_null(words);
    for (char *word = strtok_r(words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        if (strchr(word, '=') != NULL) {
            arguments_add(arguments, "--set");
            arguments_add(arguments, word);
        } else if (strcmp(word, PREPARE_SHOP) == 0) {
            daemon_configure(&fixture->daemon, CONFIG_SHOP);
        } else if (strcmp(word, PREPARE_UNIX) != 0) {
            wait = false;
            if (strcmp(word, WORD_BROKEN) != 0)
                configure(fixture, document, word);
        }
    }
    free(words);
    return wait;
}
