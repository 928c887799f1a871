// See template.h. Words are cut once; template_fill.c puts them together for each job.
#include "client/template_parts.h"
#include "common/message.h"
#include "common/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

// Always false, so that it can be returned.
static bool
problem(char **ret_problem, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool
problem(char **ret_problem, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(ret_problem, format, arguments) < 0)
        *ret_problem = NULL;
    va_end(arguments);
    return false;
}

// {} is a place, {"a":1} is JSON, and {a} is a text.
static bool
begins_json(struct span value, const char *firsts)
{
    size_t second = 1;

    if (value.length == 0 || strchr(firsts, value.at[0]) == NULL)
        return false;
    while (second < value.length && strchr(" \t\r\n", value.at[second]) != NULL)
        second++;
    return value.at[0] != '{' || (second < value.length && value.at[second] == '"');
}

static bool
take_key(struct template_word *word, struct span key)
{
    size_t length;

    word->key = message_quote(key, &length);
    return word->key != NULL;
}

static bool
compile_word(struct template *template, struct template_word *word, const struct fields *names)
{
    struct span value = span_of(word->copy);
    const char *equals = strchr(word->copy, '=');

    if (template->kind == TEMPLATE_COMMAND)
        return template_cut(word, value, names);
    if (template->members) {
        if (!take_key(word, (struct span){word->copy, (size_t)(equals - word->copy)}))
            return false;
        value = span_of(equals + 1);
    }
    word->is_json = template->whole || begins_json(value, "\"[{");
    return template_cut(word, value, names);
}

static bool
has_key(const char *word)
{
    const char *equals = strchr(word, '=');

    return equals != NULL && equals > word;
}

static size_t
key_length(const char *word)
{
    return (size_t)(strchr(word, '=') - word);
}

static bool
is_repeated(const char *const *words, size_t index)
{
    size_t length = key_length(words[index]);

    for (size_t i = 0; i < index; i++)
        if (key_length(words[i]) == length && memcmp(words[i], words[index], length) == 0)
            return true;
    return false;
}

// All words are of one kind.
static bool
check_words(struct template *template, const char *const *words, size_t count, char **ret_problem)
{
    for (size_t i = 0; i < count; i++)
        if (!utf8_is_valid(span_of(words[i])))
            return problem(ret_problem, "argument %zu is not UTF-8", i + 1);
    if (template->kind == TEMPLATE_COMMAND || template->whole)
        return true;
    template->members = has_key(words[0]);
    for (size_t i = 0; i < count; i++) {
        if (has_key(words[i]) != template->members)
            return problem(ret_problem, "'%s' is %s key=value, unlike the words before it",
                           words[i], template->members ? "no" : "a");
        if (template->members && is_repeated(words, i))
            return problem(ret_problem, "'%s': that key came before", words[i]);
    }
    return true;
}

struct template *
template_new(enum template_kind kind, const char *const *words, size_t count,
             const struct fields *names, char **ret_problem)
{
    struct template *template = calloc(1, sizeof(*template));
    bool good;

    *ret_problem = NULL;
    if (template == NULL)
        return NULL;
    template->kind = kind;
    template->whole = kind == TEMPLATE_PARAMS &&count == 1 && begins_json(span_of(words[0]), "[{");
    template->words = calloc(count, sizeof(*template->words));
    good = template->words != NULL && check_words(template, words, count, ret_problem);
    for (size_t i = 0; good && i < count; i++) {
        template->count++;
        template->words[i].copy = strdup(words[i]);
        good =
            template->words[i].copy != NULL && compile_word(template, &template->words[i], names);
    }
    if (good)
        return template;
    template_free(template);
    return NULL;
}

// One word: nothing but a field.
static bool
take_place(struct template_word *word, size_t field)
{
    word->parts = calloc(1, sizeof(*word->parts));
    if (word->parts == NULL)
        return false;
    word->parts[0] = (struct template_part){.kind = PART_FIELD, .field = field};
    word->count = 1;
    return true;
}

struct template *
template_of_places(size_t count)
{
    struct template *template = calloc(1, sizeof(*template));
    bool good = template != NULL;

    if (good)
        template->words = calloc(count, sizeof(*template->words));
    good = good && template->words != NULL;
    for (size_t i = 0; good && i < count; i++) {
        template->count++;
        good = take_place(&template->words[i], i);
    }
    if (good)
        return template;
    template_free(template);
    return NULL;
}

static bool
check_names(const struct fields *names, char **ret_problem)
{
    for (size_t i = 0; i < names->count; i++) {
        struct span name = names->items[i];

        if (name.length == 0 || !utf8_is_valid(name))
            return problem(ret_problem, "column %zu has no name", i + 1);
        for (size_t j = 0; j < i; j++)
            if (span_equal(names->items[j], name))
                return problem(ret_problem, "two columns have the name '%.*s'", (int)name.length,
                               name.at);
    }
    return true;
}

struct template *
template_of_names(const struct fields *names, char **ret_problem)
{
    struct template *template;
    bool good = true;

    *ret_problem = NULL;
    if (!check_names(names, ret_problem))
        return NULL;
    template = template_of_places(names->count);
    if (template == NULL)
        return NULL;
    template->members = true;
    for (size_t i = 0; good && i < names->count; i++)
        good = take_key(&template->words[i], names->items[i]);
    if (good)
        return template;
    template_free(template);
    return NULL;
}

void
template_free(struct template *template)
{
    if (template == NULL)
        return;
    for (size_t i = 0; i < template->count; i++) {
        free(template->words[i].copy);
        free(template->words[i].key);
        free(template->words[i].parts);
    }
    free(template->words);
    free(template);
}
