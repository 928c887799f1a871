// See template.h. Here words are compiled into pieces.
#include "model/template_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// One compilation under way.
struct compiler {
    struct template *template;
    char *text;         // where the next literal bytes go
    const char *place;  // "argument" or "environment value"
    size_t number;      // of the word, from 1
    size_t word_length; // of the word so far, without params
    size_t total;
    char *error;
    size_t error_size;
};

// Always false, so that it can be returned.
static bool
complain(const struct compiler *compiler, const char *reason)
{
    snprintf(compiler->error, compiler->error_size, "%s %zu: %s", compiler->place, compiler->number,
             reason);
    return false;
}

static bool
add_piece(struct compiler *compiler, struct piece piece)
{
    struct template *template = compiler->template;

    if (template->pieces == NULL || template->piece_count == template->piece_capacity) {
        size_t capacity = template->piece_capacity == 0 ? 16 : template->piece_capacity * 2;
        struct piece *pieces = realloc(template->pieces, capacity * sizeof(*pieces));

        if (pieces == NULL)
            return complain(compiler, "out of memory");
        template->pieces = pieces;
        template->piece_capacity = capacity;
    }
    template->pieces[template->piece_count++] = piece;
    return true;
}

// One literal byte: the piece before it grows if it is text of the same word.
static bool
add_byte(struct compiler *compiler, char byte)
{
    struct template *template = compiler->template;
    struct piece *last =
        template->piece_count > 0 ? &template->pieces[template->piece_count - 1] : NULL;

    *compiler->text = byte;
    compiler->word_length++;
    if (last != NULL && last->kind == PIECE_TEXT)
        last->text.length++;
    else if (!add_piece(compiler, (struct piece){.kind = PIECE_TEXT,
                                                 .text = {.at = compiler->text, .length = 1}}))
        return false;
    compiler->text++;
    return true;
}

static bool
is_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

// The param of that name, made if it is new; NULL if there are too many.
static struct template_param *
find_param(struct template *template, struct span name)
{
    struct template_param *param;

    for (size_t i = 0; i < template->param_count; i++)
        if (span_is(name, template->params[i].name))
            return &template->params[i];
    if (template->param_count == TEMPLATE_PARAMS_MAX)
        return NULL;
    param = &template->params[template->param_count++];
    memcpy(param->name, name.at, name.length);
    return param;
}

static bool
add_placeholder(struct compiler *compiler, struct span name)
{
    struct template_param *param;

    if (span_is(name, "slot")) {
        compiler->word_length += SLOT_DIGITS;
        return add_piece(compiler, (struct piece){.kind = PIECE_SLOT});
    }
    param = find_param(compiler->template, name);
    if (param == NULL)
        return complain(compiler, "too many placeholders");
    param->placeholder = true;
    return add_piece(
        compiler,
        (struct piece){.kind = PIECE_PARAM, .param = (size_t)(param - compiler->template->params)});
}

// `at` is behind an opening brace; *ret_after is behind the closing one.
static bool
compile_placeholder(struct compiler *compiler, const char *at, bool allowed, const char **ret_after)
{
    struct span name = {.at = at};

    while (is_name_byte(at[name.length]))
        name.length++;
    if (at[name.length] != '}')
        return complain(compiler,
                        at[name.length] == '\0'
                            ? "'{' without '}' ('{{' stands for a brace)"
                            : "a placeholder's name has letters, digits, '-' and '_' only "
                              "('{{' stands for a brace)");
    if (name.length == 0)
        return complain(compiler, "'{}' has no name");
    if (name.length > TEMPLATE_NAME_MAX)
        return complain(compiler, "a placeholder's name is too long");
    if (!allowed)
        return complain(compiler, "no placeholder may stand here");
    *ret_after = at + name.length + 1;
    return add_placeholder(compiler, name);
}

// Placeholders may stand from `from` on.
static bool
compile_word(struct compiler *compiler, const char *word, const char *from)
{
    const char *at = word;

    compiler->word_length = 0;
    while (*at != '\0') {
        if (at[0] == '{' && at[1] != '{') {
            if (!compile_placeholder(compiler, at + 1, at >= from, &at))
                return false;
            continue;
        }
        if (at[0] == '}' && at[1] != '}')
            return complain(compiler, "'}' without '{' ('}}' stands for a brace)");
        if (!add_byte(compiler, *at))
            return false;
        at += *at == '{' || *at == '}' ? 2 : 1;
    }
    compiler->total += compiler->word_length + 1;
    if (compiler->word_length >= TEMPLATE_ARGUMENT_MAX || compiler->total > TEMPLATE_TOTAL_MAX)
        return complain(compiler, "too long");
    return add_piece(compiler, (struct piece){.kind = PIECE_END});
}

static bool
compile_argv(struct compiler *compiler, char *const *argv)
{
    struct template *template = compiler->template;

    compiler->place = "argument";
    compiler->number = 0;
    if (argv[0] == NULL || argv[0][0] == '\0')
        return complain(compiler, "there is no program");
    for (size_t i = 0; argv[i] != NULL; i++) {
        compiler->number = i; // the program itself is argument 0
        if (!compile_word(compiler, argv[i], i == 0 ? argv[0] + strlen(argv[0]) : argv[i]))
            return false;
        template->argv_count++;
    }
    return true;
}

static bool
compile_environment(struct compiler *compiler, char *const *environment)
{
    compiler->place = "environment value";
    for (size_t i = 0; environment[i] != NULL; i++) {
        const char *equals = strchr(environment[i], '=');

        compiler->number = i + 1;
        if (equals == NULL || equals == environment[i])
            return complain(compiler, "must be NAME=VALUE");
        if (!compile_word(compiler, environment[i], equals))
            return false;
        compiler->template->environment_count++;
    }
    return true;
}

static bool
compile_input(struct compiler *compiler, const char *name)
{
    struct template_param *param;
    size_t length = 0;

    while (is_name_byte(name[length]))
        length++;
    if (length == 0 || name[length] != '\0' || length > TEMPLATE_NAME_MAX ||
        strcmp(name, "slot") == 0) {
        snprintf(compiler->error, compiler->error_size,
                 "the param for stdin cannot have this name (letters, digits, '-' and '_')");
        return false;
    }
    param = find_param(compiler->template, span_of(name));
    if (param == NULL) {
        snprintf(compiler->error, compiler->error_size, "too many placeholders");
        return false;
    }
    param->input = true;
    return true;
}

static size_t
length_of_words(char *const *words)
{
    size_t length = 0;

    for (size_t i = 0; words != NULL && words[i] != NULL; i++)
        length += strlen(words[i]);
    return length;
}

struct template *
template_new(const struct template_source *source, char *error, size_t error_size)
{
    struct template *template = calloc(1, sizeof(*template));
    struct compiler compiler = {.template = template, .error = error, .error_size = error_size};

    if (template != NULL)
        template->text =
            malloc(length_of_words(source->argv) + length_of_words(source->environment) + 1);
    if (template == NULL || template->text == NULL) {
        snprintf(error, error_size, "out of memory");
        template_free(template);
        return NULL;
    }
    compiler.text = template->text;
    if ((source->argv == NULL || compile_argv(&compiler, source->argv)) &&
        (source->environment == NULL || compile_environment(&compiler, source->environment)) &&
        (source->stdin_param == NULL || compile_input(&compiler, source->stdin_param)))
        return template;
    template_free(template);
    return NULL;
}

void
template_free(struct template *template)
{
    if (template == NULL)
        return;
    free(template->pieces);
    free(template->text);
    free(template);
}
