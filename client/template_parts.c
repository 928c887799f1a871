// See template_parts.h.
#include "client/template_parts.h"

#include <stdlib.h>

static const struct {
    const char *text;
    enum part_cut cut;
} cuts[] = {
    {"", PART_WHOLE}, // first, since a name may end as a cut does
    {"/.", PART_BARE}, {"//", PART_FOLDER}, {"/", PART_NO_FOLDER}, {".", PART_NO_EXTENSION},
};

static bool
ends_with(struct span text, const char *ending)
{
    size_t length = strlen(ending);

    return text.length >= length && memcmp(text.at + text.length - length, ending, length) == 0;
}

static bool
read_number(struct span text, size_t *ret)
{
    size_t number = 0;

    if (text.length == 0 || text.length > 6)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        number = number * 10 + (size_t)(text.at[i] - '0');
    }
    *ret = number;
    return number > 0;
}

static bool
find_name(struct span text, const struct fields *names, size_t *ret)
{
    for (size_t i = 0; i < names->count; i++)
        if (text.length > 0 && span_equal(names->items[i], text)) {
            *ret = i;
            return true;
        }
    return false;
}

// What stands between the braces, without its cut.
static bool
read_subject(struct span text, const struct fields *names, struct template_part *part)
{
    size_t number;

    if (text.length == 0) {
        part->kind = PART_FIELDS;
        return true;
    }
    part->kind = PART_FIELD;
    if (find_name(text, names, &part->field))
        return true;
    if (!read_number(text, &number))
        return false;
    part->field = number - 1;
    return true;
}

size_t
template_place(struct span text, const struct fields *names, struct template_part *ret_part)
{
    const char *close = text.length > 1 ? memchr(text.at, '}', text.length) : NULL;
    struct template_part part = {.kind = PART_NUMBER};
    struct span inside;

    if (text.length == 0 || text.at[0] != '{' || close == NULL)
        return 0;
    inside = (struct span){text.at + 1, (size_t)(close - text.at) - 1};
    if (span_is(inside, "#")) {
        *ret_part = part;
        return 3;
    }
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        struct span subject = inside;

        if (!ends_with(inside, cuts[i].text))
            continue;
        subject.length -= strlen(cuts[i].text);
        part.cut = cuts[i].cut;
        if (read_subject(subject, names, &part)) {
            *ret_part = part;
            return inside.length + 2;
        }
    }
    return 0;
}

bool
template_has_place_in(struct span word, const struct fields *names)
{
    static const struct fields none;
    struct template_part part;

    for (; word.length > 0; word = (struct span){word.at + 1, word.length - 1}) {
        if (template_place(word, names != NULL ? names : &none, &part) > 0 ||
            (names == NULL && word.at[0] == '{' && memchr(word.at, '}', word.length) != NULL))
            return true;
    }
    return false;
}

static bool
add_part(struct template_word *word, const struct template_part *part)
{
    struct template_part *parts =
        realloc(word->parts, (word->count + 1) * sizeof(struct template_part));

    if (parts == NULL)
        return false;
    word->parts = parts;
    word->parts[word->count++] = *part;
    return true;
}

static bool
add_literal(struct template_word *word, const char *from, const char *to)
{
    struct template_part part = {.kind = PART_LITERAL, .literal = {from, (size_t)(to - from)}};

    return from == to || add_part(word, &part);
}

bool
template_cut(struct template_word *word, struct span value, const struct fields *names)
{
    const char *end = value.at + value.length;
    const char *from = value.at;
    const char *at = value.at;
    bool in_string = false;

    while (at < end) {
        struct template_part part;
        size_t length = template_place((struct span){at, (size_t)(end - at)}, names, &part);

        if (length > 0) {
            part.in_string = in_string;
            if (!add_literal(word, from, at) || !add_part(word, &part))
                return false;
            at += length;
            from = at;
        } else if (word->is_json && in_string && *at == '\\' && at + 1 < end) {
            at += 2;
        } else {
            in_string ^= word->is_json && *at == '"';
            at++;
        }
    }
    return add_literal(word, from, end);
}
