// See params.h.
#include "client/params.h"

#include "common/message.h"
#include "common/scanner.h"
#include "common/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

// Always NULL, so that it can be returned.
static char *
problem(char **ret_problem, const char *format, ...) __attribute__((format(printf, 2, 3)));

static char *
problem(char **ret_problem, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(ret_problem, format, arguments) < 0)
        *ret_problem = NULL;
    va_end(arguments);
    return NULL;
}

static char
first_byte(struct span text)
{
    for (size_t i = 0; i < text.length; i++)
        if (strchr(" \t\r\n", text.at[i]) == NULL || text.at[i] == '\0')
            return text.at[i];
    return '\0';
}

bool
params_is_json(struct span text)
{
    char first = first_byte(text);

    return first == '[' || first == '{';
}

// A line break in accepted JSON is white space between values: inside a string it is not allowed.
static void
join_lines(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\n' || text[i] == '\r')
            text[i] = ' ';
}

char *
params_from_json(struct span text, size_t *ret_length, char **ret_problem)
{
    struct scanner scanner;
    struct span value;
    enum json_kind kind;
    char *copy;

    scanner_init(&scanner, text, SCANNER_DEPTH_LIMIT);
    if (!scanner_value(&scanner, &kind, &value) || !scanner_finish(&scanner))
        return problem(ret_problem, "the params are not JSON: %s (at byte %zu)", scanner.reason,
                       scanner_offset(&scanner));
    if (kind != JSON_KIND_ARRAY && kind != JSON_KIND_OBJECT)
        return problem(ret_problem, "params are a JSON array or object");
    copy = strndup(value.at, value.length);
    if (copy == NULL)
        return problem(ret_problem, "out of memory");
    join_lines(copy, value.length);
    *ret_length = value.length;
    return copy;
}

static bool
put_quoted(FILE *out, struct span text)
{
    size_t length;
    char *quoted = message_quote(text, &length);

    if (quoted == NULL)
        return false;
    fwrite(quoted, 1, length, out);
    free(quoted);
    return true;
}

static bool
put_value(FILE *out, struct span value)
{
    if (scanner_check(value, SCANNER_DEPTH_LIMIT) != SCAN_OK)
        return put_quoted(out, value);
    for (size_t i = 0; i < value.length; i++)
        putc(value.at[i] == '\n' || value.at[i] == '\r' ? ' ' : value.at[i], out);
    return true;
}

// Cuts the word at its first '='.
static bool
split(struct span word, struct span *ret_key, struct span *ret_value)
{
    const char *equals = memchr(word.at, '=', word.length);

    if (equals == NULL || equals == word.at)
        return false;
    *ret_key = (struct span){word.at, (size_t)(equals - word.at)};
    *ret_value = (struct span){equals + 1, word.length - ret_key->length - 1};
    return true;
}

static bool
is_repeated(const struct span *words, size_t index, struct span key)
{
    struct span other;
    struct span value;

    for (size_t i = 0; i < index; i++)
        if (split(words[i], &other, &value) && span_equal(other, key))
            return true;
    return false;
}

// Writes one member; NULL or a problem is told through ret_problem, and false.
static bool
put_word(FILE *out, const struct span *words, size_t index, char **ret_problem)
{
    struct span word = words[index];
    struct span key;
    struct span value;
    int length = word.length > 60 ? 60 : (int)word.length;

    *ret_problem = NULL;
    if (!utf8_is_valid(word)) {
        problem(ret_problem, "argument %zu is not UTF-8", index + 1);
        return false;
    }
    if (!split(word, &key, &value)) {
        problem(ret_problem, "'%.*s' is neither key=value nor the one JSON array or object", length,
                word.at);
        return false;
    }
    if (is_repeated(words, index, key)) {
        problem(ret_problem, "'%.*s': that key came before", length, word.at);
        return false;
    }
    if (index > 0)
        putc(',', out);
    if (!put_quoted(out, key))
        return false;
    putc(':', out);
    return put_value(out, value);
}

char *
params_from_words(const struct span *words, size_t count, size_t *ret_length, char **ret_problem)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    bool good = out != NULL;

    *ret_problem = NULL;
    if (out == NULL)
        return NULL;
    putc('{', out);
    for (size_t i = 0; good && i < count; i++)
        good = put_word(out, words, i, ret_problem);
    putc('}', out);
    if (fclose(out) != 0)
        good = false;
    if (!good) {
        free(text);
        return NULL;
    }
    *ret_length = length;
    return text;
}

char *
params_method(struct span text, size_t *ret_length, char **ret_problem)
{
    char *copy;

    if (text.length == 0)
        return problem(ret_problem, "the method's name is empty");
    if (!utf8_is_valid(text))
        return problem(ret_problem, "the method's name is not UTF-8");
    copy = strndup(text.at, text.length);
    if (copy == NULL)
        return problem(ret_problem, "out of memory");
    *ret_length = text.length;
    return copy;
}
