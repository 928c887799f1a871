// See document.h.
#include "document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *mark;
    enum step_kind kind;
} marks[] = {
    // The longer ones first: one is the beginning of another.
    {"-->|", STEP_FINISH}, {"<--|", STEP_CLOSED},     {"-->", STEP_SEND},
    {"<--", STEP_RECEIVE}, {"==>", STEP_WORKER_GETS}, {"<==", STEP_WORKER_SAYS},
    {"***", STEP_HAPPENS},
};
#define MARKS (sizeof(marks) / sizeof(marks[0]))

// Where the reader stands.
struct reader {
    struct document *document;
    const char *path;
    unsigned line;
    char heading[128];
    struct example *example;       // the block that is open; or
    struct attachment *attachment; // this one
};

static bool
complain(const struct reader *reader, const char *what)
{
    fprintf(stderr, "%s:%u: %s\n", reader->path, reader->line, what);
    return false;
}

static void *
grown(void *items, size_t count, size_t size)
{
    void *more = reallocarray(items, count + 1, size);

    if (more == NULL)
        abort();
    memset((char *)more + count * size, 0, size);
    return more;
}

static char *
copied(const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL)
        abort();
    return copy;
}

static void
append(char **text, const char *more, const char *end)
{
    char *longer;

    if (asprintf(&longer, "%s%s%s", *text, more, end) < 0)
        abort();
    free(*text);
    *text = longer;
}

static void
add_step(struct example *example, enum step_kind kind, const char *text)
{
    example->steps = grown(example->steps, example->count, sizeof(*example->steps));
    example->steps[example->count++] =
        (struct step){.kind = kind, .text = copied(text + strspn(text, " "))};
}

static bool
take_step(struct reader *reader, const char *line)
{
    struct example *example = reader->example;

    if (line[0] == ' ' && example->count > 0) {
        append(&example->steps[example->count - 1].text, line + strspn(line, " "), "");
        return true;
    }
    for (size_t i = 0; i < MARKS; i++) {
        size_t length = strlen(marks[i].mark);

        if (strncmp(line, marks[i].mark, length) == 0) {
            add_step(example, marks[i].kind, line + length);
            return true;
        }
    }
    return complain(reader, "an example's line begins with none of the marks");
}

static void
open_example(struct reader *reader, const char *settings)
{
    struct document *document = reader->document;
    size_t count = document->example_count;
    struct example *example;

    document->examples = grown(document->examples, count, sizeof(*example));
    example = &document->examples[document->example_count++];
    if (asprintf(&example->title, "%u: %s", reader->line, reader->heading) < 0)
        abort();
    example->settings = copied(settings);
    reader->example = example;
}

static void
open_attachment(struct reader *reader, const char *name)
{
    struct document *document = reader->document;
    size_t count = document->attachment_count;
    struct attachment *attachment;

    document->attachments = grown(document->attachments, count, sizeof(*attachment));
    attachment = &document->attachments[document->attachment_count++];
    attachment->name = copied(name);
    attachment->text = copied("");
    reader->attachment = attachment;
}

static bool
open_block(struct reader *reader, const char *info)
{
    const char *words = strchr(info, ' ');

    if (strncmp(info, "jsonl", 5) == 0 && (info[5] == '\0' || info[5] == ' '))
        open_example(reader, info + 5);
    else if (words != NULL)
        open_attachment(reader, words + 1);
    else
        return complain(reader, "a block that cannot be played: neither jsonl nor a named file");
    return true;
}

static bool
take_line(struct reader *reader, const char *line)
{
    bool open = reader->example != NULL || reader->attachment != NULL;

    if (strncmp(line, "```", 3) == 0 && !open)
        return open_block(reader, line + 3);
    if (strcmp(line, "```") == 0) {
        reader->example = NULL;
        reader->attachment = NULL;
    } else if (reader->example != NULL) {
        return take_step(reader, line);
    } else if (reader->attachment != NULL) {
        append(&reader->attachment->text, line, "\n");
    } else if (line[0] == '#') {
        const char *heading = line + strspn(line, "# ");

        snprintf(reader->heading, sizeof(reader->heading), "%s", heading);
    }
    return true;
}

static bool
read_lines(struct reader *reader, FILE *file)
{
    char *line = NULL;
    size_t capacity = 0;
    bool good = true;

    while (good && getline(&line, &capacity, file) >= 0) {
        reader->line++;
        append(&reader->document->text, line, "");
        line[strcspn(line, "\n")] = '\0';
        good = take_line(reader, line);
    }
    free(line);
    if (good && (reader->example != NULL || reader->attachment != NULL))
        return complain(reader, "the last block is not closed");
    return good;
}

bool
document_read(struct document *document, const char *path)
{
    struct reader reader = {.document = document, .path = path};
    FILE *file = fopen(path, "re");
    bool good;

    *document = (struct document){.text = copied("")};
    if (file == NULL) {
        perror(path);
        return false;
    }
    good = read_lines(&reader, file);
    fclose(file);
    return good;
}

void
document_done(struct document *document)
{
    for (size_t i = 0; i < document->example_count; i++) {
        struct example *example = &document->examples[i];

        for (size_t j = 0; j < example->count; j++)
            free(example->steps[j].text);
        free(example->steps);
        free(example->title);
        free(example->settings);
    }
    for (size_t i = 0; i < document->attachment_count; i++) {
        free(document->attachments[i].name);
        free(document->attachments[i].text);
    }
    free(document->examples);
    free(document->attachments);
    free(document->text);
}

bool
example_has_word(const struct example *example, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = example->settings; (at = strstr(at, word)) != NULL; at += length)
        if ((at == example->settings || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}
