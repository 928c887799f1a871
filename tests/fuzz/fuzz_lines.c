// The lines of a text that comes in pieces against the same text cut at once by the definition.
//
// An input is: one byte for line_max, one for the number of pieces' sizes, those sizes (a byte
// each, used in turn), and the text.
#include "common/lines.h"
#include "tests/fuzz/oracle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// How far the definition has come in the whole text.
struct model {
    const char *at, *end;
    size_t line_max;
};

static bool
is_blank(const char *line, size_t length)
{
    while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t'))
        length--;
    return length == 0;
}

// What the text gives next; LINES_MORE at its end.
static enum lines_result
model_next(struct model *model, const char **ret_line, size_t *ret_length)
{
    while (model->at < model->end) {
        const char *line = model->at;
        const char *newline = memchr(line, '\n', (size_t)(model->end - line));
        const char *stop = newline != NULL ? newline : model->end;
        size_t length = (size_t)(stop - line);

        model->at = newline != NULL ? newline + 1 : model->end;
        if (length > 0 && line[length - 1] == '\r')
            length--;
        if (length > model->line_max)
            return LINES_TOO_LONG;
        if (is_blank(line, length))
            continue;
        *ret_line = line;
        *ret_length = length;
        return LINES_LINE;
    }
    return LINES_MORE;
}

static void
check_result(struct model *model, enum lines_result result, char *line, size_t length)
{
    const char *expected;
    size_t expected_length;

    FUZZ_CHECK(model_next(model, &expected, &expected_length) == result);
    if (result != LINES_LINE)
        return;
    FUZZ_CHECK(length == expected_length && memcmp(line, expected, length) == 0);
    memset(line, '#', length + 1); // the line is ours, and one byte more
}

static void
feed(struct lines *lines, const char *text, size_t size)
{
    size_t room_size;
    char *room = lines_room(lines, size, &room_size);

    FUZZ_CHECK(room != NULL && room_size >= size);
    memcpy(room, text, size);
    lines_filled(lines, size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t sizes_count, at = 2, length;
    enum lines_result result;
    struct lines lines;
    struct model model;
    char *line;

    if (size < 2 || size - 2 < data[1])
        return 0;
    sizes_count = data[1];
    model = (struct model){.at = (const char *)data + 2 + sizes_count,
                           .end = (const char *)data + size,
                           .line_max = data[0]};
    lines_init(&lines, data[0]);
    for (const char *text = model.at; text < model.end;) {
        size_t piece = sizes_count > 0 ? (size_t)data[at] + 1 : 1;

        at = at + 1 < 2 + sizes_count ? at + 1 : 2;
        if (piece > (size_t)(model.end - text))
            piece = (size_t)(model.end - text);
        feed(&lines, text, piece);
        text += piece;
        while ((result = lines_next(&lines, &line, &length)) != LINES_MORE)
            check_result(&model, result, line, length);
        FUZZ_CHECK(lines_pending(&lines) <= lines.line_max + 1);
        if (piece % 5 == 0)
            lines_shrink(&lines);
    }
    while ((result = lines_last(&lines, &line, &length)) != LINES_MORE)
        check_result(&model, result, line, length);
    FUZZ_CHECK(model_next(&model, &(const char *){NULL}, &length) == LINES_MORE);
    FUZZ_CHECK(lines_pending(&lines) == 0);
    lines_done(&lines);
    return 0;
}
