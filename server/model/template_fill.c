// See template.h. Here the pieces become words. Every value is looked at first and the words are
// measured before any memory for them is taken: a short value may stand in many places.
#include "common/errors.h"
#include "common/scanner.h"
#include "model/template_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_EXPECTED "a string, a number, true or false"

struct value {
    enum json_kind kind;
    struct span raw;  // absent: not given
    struct span text; // what a placeholder or stdin takes
};

// One filling under way.
struct filler {
    const struct template *template;
    struct value values[TEMPLATE_PARAMS_MAX];
    char slot[SLOT_DIGITS + 1];
    struct argument_fault *fault;
};

// Always false, so that it can be returned.
static bool
refuse(const struct filler *filler, struct span member, const char *reason)
{
    *filler->fault = (struct argument_fault){.member = member, .reason = reason};
    return false;
}

static bool
refuse_param(const struct filler *filler, size_t index, const char *reason)
{
    return refuse(filler, span_of(filler->template->params[index].name), reason);
}

// ---- the values -----------------------------------------------------------------------------

// param_count if there is none of that name.
static size_t
find_param(const struct template *template, struct span name)
{
    bool escaped = memchr(name.at, '\\', name.length) != NULL;
    size_t i;

    for (i = 0; i < template->param_count; i++)
        if (escaped ? scanner_name_is(name, template->params[i].name)
                    : span_is(name, template->params[i].name))
            break;
    return i;
}

static bool
read_by_name(struct filler *filler, struct scanner *scanner)
{
    struct span name;

    while (scanner_member(scanner, &name)) {
        size_t index = find_param(filler->template, name);

        if (index == filler->template->param_count)
            return refuse(filler, name, "unknown member");
        if (!scanner_value(scanner, &filler->values[index].kind, &filler->values[index].raw))
            return true; // the scanner knows why
    }
    return true;
}

static bool
read_by_position(struct filler *filler, struct scanner *scanner)
{
    for (size_t i = 0; scanner_element(scanner); i++) {
        if (i == filler->template->param_count)
            return refuse(filler, SPAN("params"), "too many params");
        if (!scanner_value(scanner, &filler->values[i].kind, &filler->values[i].raw))
            return true;
    }
    return true;
}

static bool
read_params(struct filler *filler, struct span params)
{
    struct scanner scanner;
    enum json_kind kind;

    if (!span_present(params))
        return true;
    scanner_init(&scanner, params, SCANNER_DEPTH_LIMIT);
    if (!scanner_peek(&scanner, &kind) || (kind != JSON_KIND_OBJECT && kind != JSON_KIND_ARRAY))
        return refuse(filler, SPAN("params"), "params must be an array or an object");
    if (scanner_enter(&scanner, kind) &&
        !(kind == JSON_KIND_OBJECT ? read_by_name : read_by_position)(filler, &scanner))
        return false;
    if (scanner.status != SCAN_OK || !scanner_finish(&scanner))
        return refuse(filler, SPAN("params"), "not JSON");
    return true;
}

static bool
check_value(const struct filler *filler, size_t index)
{
    const struct template_param *param = &filler->template->params[index];
    const struct value *value = &filler->values[index];

    if (!param->placeholder)
        return true;
    if (!span_present(value->raw))
        return refuse_param(filler, index, "missing");
    if (value->kind == JSON_KIND_NULL || value->kind == JSON_KIND_ARRAY ||
        value->kind == JSON_KIND_OBJECT)
        return refuse_param(filler, index, "wrong type");
    if (memchr(value->text.at, '\0', value->text.length) != NULL)
        return refuse_param(filler, index, "holds a NUL");
    if (value->text.length >= TEMPLATE_ARGUMENT_MAX)
        return refuse_param(filler, index, "too long");
    return true;
}

// Copies the values' texts into `into`, which has room for all of them as they are spelt.
static void
copy_values(struct filler *filler, char *into)
{
    for (size_t i = 0; i < filler->template->param_count; i++) {
        struct value *value = &filler->values[i];
        struct span raw = value->raw;

        if (!span_present(raw))
            continue;
        value->text.at = into;
        if (value->kind == JSON_KIND_STRING) {
            raw = (struct span){.at = raw.at + 1, .length = raw.length - 2};
            value->text.length = scanner_unescape(raw, into);
        } else {
            memcpy(into, raw.at, raw.length);
            value->text.length = raw.length;
        }
        into += value->text.length;
    }
}

static size_t
length_of_values(const struct filler *filler)
{
    size_t length = 0;

    for (size_t i = 0; i < filler->template->param_count; i++)
        length += filler->values[i].raw.length;
    return length;
}

// ---- the words ------------------------------------------------------------------------------

static struct span
piece_text(const struct filler *filler, const struct piece *piece)
{
    switch (piece->kind) {
    case PIECE_TEXT:
        return piece->text;
    case PIECE_SLOT:
        return span_of(filler->slot);
    case PIECE_PARAM:
        return filler->values[piece->param].text;
    case PIECE_END:
        break;
    }
    return (struct span){.at = "", .length = 1}; // the NUL
}

// The bytes of all words. False if they are too many: the longest value is blamed, for the template
// without its params is short enough.
static bool
measure_words(const struct filler *filler, size_t *ret_total)
{
    const struct template *template = filler->template;
    size_t longest = 0;
    size_t total = 0;
    size_t word = 0;

    for (size_t i = 0; i < template->piece_count; i++) {
        const struct piece *piece = &template->pieces[i];
        size_t length = piece_text(filler, piece).length;

        if (piece->kind == PIECE_PARAM && length >= filler->values[longest].text.length)
            longest = piece->param;
        word += length;
        total += length;
        if (word > TEMPLATE_ARGUMENT_MAX || total > TEMPLATE_TOTAL_MAX)
            return refuse_param(filler, longest, "too long");
        if (piece->kind == PIECE_END)
            word = 0;
    }
    *ret_total = total;
    return true;
}

// `words` has room for the pointers, with a NULL after each of the two lists, and then for the
// text.
static void
write_words(const struct filler *filler, char **words)
{
    const struct template *template = filler->template;
    size_t count = template->argv_count + template->environment_count;
    char *at = (char *)(words + count + 2);
    size_t written = 0;
    bool begin = true;

    for (size_t i = 0; i < template->piece_count; i++) {
        struct span text = piece_text(filler, &template->pieces[i]);

        if (begin)
            words[written < template->argv_count ? written : written + 1] = at;
        memcpy(at, text.at, text.length);
        at += text.length;
        begin = template->pieces[i].kind == PIECE_END;
        written += begin;
    }
    words[template->argv_count] = words[count + 1] = NULL;
}

static struct span
find_input(const struct filler *filler)
{
    for (size_t i = 0; i < filler->template->param_count; i++)
        if (filler->template->params[i].input)
            return filler->values[i].text;
    return (struct span){0};
}

int
template_fill(const struct template *template, struct span params, unsigned slot,
              struct template_filled *ret_filled, struct argument_fault *ret_fault)
{
    struct filler filler = {.template = template, .fault = ret_fault};
    char **words = NULL;
    int error = -EINVAL;
    size_t total;
    char *values;

    if (!read_params(&filler, params))
        return -EINVAL;
    values = malloc(length_of_values(&filler) + 1);
    if (values == NULL)
        return -ENOMEM;
    snprintf(filler.slot, sizeof(filler.slot), "%u", slot);
    copy_values(&filler, values);
    for (size_t i = 0; i < template->param_count; i++)
        if (!check_value(&filler, i))
            goto fail;
    if (!measure_words(&filler, &total))
        goto fail;
    error = -ENOMEM;
    words =
        malloc((template->argv_count + template->environment_count + 2) * sizeof(*words) + total);
    if (words == NULL)
        goto fail;
    write_words(&filler, words);
    *ret_filled = (struct template_filled){.argv = words,
                                           .environment = words + template->argv_count + 1,
                                           .input = find_input(&filler),
                                           .words = words,
                                           .values = values};
    return 0;
fail:
    free(values);
    return error;
}

void
template_filled_done(struct template_filled *filled)
{
    free(filled->words);
    free(filled->values);
    *filled = (struct template_filled){0};
}

// ---- the error ------------------------------------------------------------------------------

// What goes to stdin alone may be more than a word may.
static void
input_expected(const struct template *template, const struct template_param *input, char *text,
               size_t size)
{
    if (template->param_count == 1)
        snprintf(text, size, "which is for stdin: any JSON");
    else
        snprintf(text, size, "each " VALUE_EXPECTED "; %s, for stdin, may be any JSON",
                 input->name);
}

char *
template_error(const struct template *template, const struct argument_fault *fault,
               size_t *ret_length)
{
    char names[TEMPLATE_PARAMS_MAX * (TEMPLATE_NAME_MAX + 2) + 1];
    char expected[128 + TEMPLATE_NAME_MAX] = "each " VALUE_EXPECTED;
    struct argument argument = {.name = names, .expected = expected};
    size_t length = 0;

    for (size_t i = 0; i < template->param_count; i++) {
        const struct template_param *param = &template->params[i];

        if (span_is(fault->member, param->name))
            argument = (struct argument){.name = param->name, .expected = VALUE_EXPECTED};
        if (param->input && !param->placeholder)
            input_expected(template, param, expected, sizeof(expected));
        length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
                                   i > 0 ? ", " : "", template->params[i].name);
    }
    if (template->param_count == 0)
        argument = (struct argument){.name = "{}", .expected = "as this command has no params"};
    return argument_error(&argument, fault, ret_length);
}
