// The filling in of a template, see template.h.
#include "client/template_parts.h"
#include "common/message.h"
#include "common/scanner.h"
#include "common/utf8.h"

#include <stdio.h>
#include <stdlib.h>

// What one job has.
struct filling {
    const struct fields *fields;
    uint64_t number;
};

static struct span
without_folder(struct span path)
{
    const char *slash = path.length > 0 ? memrchr(path.at, '/', path.length) : NULL;

    if (slash == NULL)
        return path;
    return (struct span){slash + 1, path.length - (size_t)(slash + 1 - path.at)};
}

static struct span
without_extension(struct span path)
{
    struct span name = without_folder(path);
    const char *dot = name.length > 0 ? memrchr(name.at, '.', name.length) : NULL;

    if (dot != NULL)
        path.length = (size_t)(dot - path.at);
    return path;
}

// As dirname(1).
static struct span
folder_of(struct span path)
{
    size_t length = path.length;

    while (length > 1 && path.at[length - 1] == '/')
        length--;
    while (length > 0 && path.at[length - 1] != '/')
        length--;
    if (length == 0)
        return SPAN(".");
    while (length > 1 && path.at[length - 1] == '/')
        length--;
    return (struct span){path.at, length};
}

static struct span
cut_path(struct span path, enum part_cut cut)
{
    switch (cut) {
    case PART_NO_EXTENSION:
        return without_extension(path);
    case PART_NO_FOLDER:
        return without_folder(path);
    case PART_FOLDER:
        return folder_of(path);
    case PART_BARE:
        return without_extension(without_folder(path));
    default:
        return path;
    }
}

static void
put(FILE *out, struct span text)
{
    fwrite(text.at, 1, text.length, out);
}

static void
put_part(FILE *out, const struct template_part *part, const struct filling *filling)
{
    const struct fields *fields = filling->fields;

    switch (part->kind) {
    case PART_LITERAL:
        put(out, part->literal);
        break;
    case PART_NUMBER:
        fprintf(out, "%llu", (unsigned long long)filling->number);
        break;
    case PART_FIELD:
        if (part->field < fields->count)
            put(out, cut_path(fields->items[part->field], part->cut));
        break;
    case PART_FIELDS:
        for (size_t i = 0; i < fields->count; i++) {
            if (i > 0)
                putc(' ', out);
            put(out, cut_path(fields->items[i], part->cut));
        }
        break;
    }
}

// The parts of a word joined to a plain text; malloc.
static char *
join_parts(const struct template_part *parts, size_t count, const struct filling *filling,
           size_t *ret_length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_length);

    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        put_part(out, &parts[i], filling);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

// A line break in valid JSON is white space.
static void
put_json(FILE *out, struct span json)
{
    for (size_t i = 0; i < json.length; i++)
        putc(json.at[i] == '\n' || json.at[i] == '\r' ? ' ' : json.at[i], out);
}

enum put_way {
    PUT_STRING, // with quotes
    PUT_INSIDE, // without
    PUT_VALUE,  // as JSON if it is JSON, else with quotes
};

static bool
put_text(FILE *out, struct span text, enum put_way way)
{
    size_t length;
    char *quoted;

    if (way == PUT_VALUE && scanner_check(text, SCANNER_DEPTH_LIMIT) == SCAN_OK) {
        put_json(out, text);
        return true;
    }
    quoted = message_quote(text, &length);
    if (quoted == NULL)
        return false;
    if (way == PUT_INSIDE)
        fwrite(quoted + 1, 1, length - 2, out);
    else
        fwrite(quoted, 1, length, out);
    free(quoted);
    return true;
}

static bool
put_parts(FILE *out, const struct template_part *parts, size_t count, enum put_way way,
          const struct filling *filling)
{
    size_t length;
    char *text = join_parts(parts, count, filling, &length);
    bool good = text != NULL && put_text(out, (struct span){text, length}, way);

    free(text);
    return good;
}

static bool
put_word(FILE *out, const struct template_word *word, enum put_way way,
         const struct filling *filling)
{
    if (word->key != NULL)
        fprintf(out, "%s:", word->key);
    if (!word->is_json)
        return put_parts(out, word->parts, word->count, way, filling);
    for (size_t i = 0; i < word->count; i++) {
        const struct template_part *part = &word->parts[i];

        if (part->kind == PART_LITERAL)
            put_json(out, part->literal);
        else if (!put_parts(out, part, 1, part->in_string ? PUT_INSIDE : PUT_VALUE, filling))
            return false;
    }
    return true;
}

static bool
put_words(FILE *out, const struct template *template, const struct filling *filling)
{
    enum put_way way = template->kind == TEMPLATE_COMMAND ? PUT_STRING : PUT_VALUE;
    bool good = true;

    if (!template->whole)
        putc(template->members ? '{' : '[', out);
    for (size_t i = 0; good && i < template->count; i++) {
        if (i > 0)
            putc(',', out);
        good = put_word(out, &template->words[i], way, filling);
    }
    if (!template->whole)
        putc(template->members ? '}' : ']', out);
    return good;
}

static bool
are_utf8(const struct fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        if (!utf8_is_valid(fields->items[i]))
            return false;
    return true;
}

// What a JSON word became is only known now.
static bool
check_params(struct span params, char **ret_problem)
{
    struct scanner scanner;
    struct span value;
    enum json_kind kind;

    scanner_init(&scanner, params, SCANNER_DEPTH_LIMIT);
    if (scanner_value(&scanner, &kind, &value) && scanner_finish(&scanner))
        return true;
    if (asprintf(ret_problem, "the params are not JSON: %s: %.*s", scanner.reason,
                 params.length > 100 ? 100 : (int)params.length, params.at) < 0)
        *ret_problem = NULL;
    return false;
}

char *
template_fill(const struct template *template, const struct fields *fields, uint64_t number,
              size_t *ret_length, char **ret_problem)
{
    struct filling filling = {fields, number};
    char *text = NULL;
    size_t length = 0;
    FILE *out;
    bool good;

    *ret_problem = NULL;
    if (!are_utf8(fields)) {
        *ret_problem = strdup("it is not UTF-8");
        return NULL;
    }
    out = open_memstream(&text, &length);
    if (out == NULL)
        return NULL;
    good = put_words(out, template, &filling);
    if (fclose(out) != 0 || !good || !check_params((struct span){text, length}, ret_problem)) {
        free(text);
        return NULL;
    }
    *ret_length = length;
    return text;
}

char *
template_join(const struct fields *fields, size_t *ret_length)
{
    static const struct template_part all = {.kind = PART_FIELDS};
    struct filling filling = {.fields = fields};

    return join_parts(&all, 1, &filling, ret_length);
}
