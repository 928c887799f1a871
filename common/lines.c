// See lines.h. The buffer holds [start, end); everything in [start, scanned) is known to hold no
// newline. A caller that takes all lines before it asks for more room has each byte looked at once
// and moved at most once, besides the copying that doubling costs.
#include "common/lines.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LINES_CAPACITY_MIN 4096

void
lines_init(struct lines *lines, size_t line_max)
{
    *lines = (struct lines){.line_max = line_max};
}

void
lines_done(struct lines *lines)
{
    free(lines->buffer);
    lines_init(lines, lines->line_max);
}

size_t
lines_pending(const struct lines *lines)
{
    return lines->end - lines->start;
}

// One byte stays free behind the data, so that a last line without a newline has its writable byte.
static bool
has_room(const struct lines *lines, size_t least)
{
    return lines->capacity - lines->end > least;
}

static void
compact(struct lines *lines)
{
    size_t pending = lines_pending(lines);

    if (lines->start == 0)
        return;
    if (pending > 0)
        memmove(lines->buffer, lines->buffer + lines->start, pending);
    lines->scanned -= lines->start;
    lines->start = 0;
    lines->end = pending;
}

// To twice what is needed now, so that a line which goes on in the next read, or begins in this
// one, is not moved at once; but no further than the longest line (with its '\r' and the free byte)
// and one read need.
static bool
grow(struct lines *lines, size_t least)
{
    size_t needed, ceiling, capacity;
    char *buffer;

    if (__builtin_add_overflow(lines->end, least, &needed) ||
        __builtin_add_overflow(needed, 1, &needed))
        return false;
    if (__builtin_add_overflow(lines->line_max, least, &ceiling) ||
        __builtin_add_overflow(ceiling, 2, &ceiling))
        ceiling = SIZE_MAX;
    capacity = lines->capacity < LINES_CAPACITY_MIN ? LINES_CAPACITY_MIN : lines->capacity;
    while (capacity / 2 < needed && capacity <= SIZE_MAX / 2)
        capacity *= 2;
    if (capacity > ceiling)
        capacity = ceiling;
    if (capacity < needed)
        capacity = needed;
    buffer = realloc(lines->buffer, capacity);
    if (buffer == NULL)
        return false;
    lines->buffer = buffer;
    lines->capacity = capacity;
    return true;
}

char *
lines_room(struct lines *lines, size_t least, size_t *ret_size)
{
    if (least == 0)
        least = 1;
    if (lines_pending(lines) == 0 || !has_room(lines, least))
        compact(lines);
    if (!has_room(lines, least) && !grow(lines, least))
        return NULL;
    *ret_size = lines->capacity - lines->end - 1;
    return lines->buffer + lines->end;
}

void
lines_filled(struct lines *lines, size_t size)
{
    lines->end += size;
}

static bool
is_blank(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] != ' ' && line[i] != '\t')
            return false;
    return true;
}

static size_t
without_return(const char *line, size_t length)
{
    return length > 0 && line[length - 1] == '\r' ? length - 1 : length;
}

// Takes everything before `next` as one line, whose last byte (without a newline) is before `stop`.
// LINES_MORE means that it was blank.
static enum lines_result
take(struct lines *lines, size_t stop, size_t next, char **ret_line, size_t *ret_length)
{
    char *line = lines->buffer + lines->start;
    size_t length = without_return(line, stop - lines->start);

    lines->start = lines->scanned = next;
    *ret_line = line;
    *ret_length = length;
    if (length > lines->line_max)
        return LINES_TOO_LONG;
    if (is_blank(line, length))
        return LINES_MORE;
    *ret_line = line;
    *ret_length = length;
    return LINES_LINE;
}

// No newline is here yet. A '\r' at the very end may turn out to belong to the ending.
static enum lines_result
judge_partial(struct lines *lines, char **ret_line, size_t *ret_length)
{
    size_t pending = lines_pending(lines);

    lines->scanned = lines->end;
    if (!lines->skipping) {
        if (without_return(lines->buffer + lines->start, pending) <= lines->line_max)
            return LINES_MORE;
        lines->skipping = true;
        *ret_line = lines->buffer + lines->start;
        *ret_length = pending;
        lines->start = lines->end;
        return LINES_TOO_LONG;
    }
    lines->start = lines->end;
    return LINES_MORE;
}

enum lines_result
lines_next(struct lines *lines, char **ret_line, size_t *ret_length)
{
    while (lines->start < lines->end) {
        char *from = lines->buffer + lines->scanned;
        char *newline = memchr(from, '\n', lines->end - lines->scanned);
        enum lines_result result;
        size_t stop;

        if (newline == NULL)
            return judge_partial(lines, ret_line, ret_length);
        stop = (size_t)(newline - lines->buffer);
        if (lines->skipping) {
            lines->skipping = false;
            lines->start = lines->scanned = stop + 1;
            continue;
        }
        result = take(lines, stop, stop + 1, ret_line, ret_length);
        if (result != LINES_MORE)
            return result;
    }
    return LINES_MORE;
}

enum lines_result
lines_last(struct lines *lines, char **ret_line, size_t *ret_length)
{
    enum lines_result result = lines_next(lines, ret_line, ret_length);

    if (result != LINES_MORE || lines_pending(lines) == 0)
        return result;
    return take(lines, lines->end, lines->end, ret_line, ret_length);
}

bool
lines_unfinished(const struct lines *lines)
{
    return lines_pending(lines) > 0 || lines->skipping;
}

void
lines_shrink(struct lines *lines)
{
    if (lines_pending(lines) > 0)
        return;
    free(lines->buffer);
    lines->buffer = NULL;
    lines->start = lines->scanned = lines->end = lines->capacity = 0;
}
