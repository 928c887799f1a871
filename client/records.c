// See records.h.
#include "client/records.h"

#include <stdlib.h>
#include <string.h>

void
records_init(struct records *records, enum records_kind kind, size_t max)
{
    *records = (struct records){.kind = kind, .max = max, .number = 1};
}

void
records_done(struct records *records)
{
    free(records->buffer);
    records->buffer = NULL;
}

static void
move_to_front(struct records *records)
{
    if (records->start == 0)
        return;
    memmove(records->buffer, records->buffer + records->start, records->end - records->start);
    records->scanned -= records->start;
    records->end -= records->start;
    records->start = 0;
}

char *
records_room(struct records *records, size_t least, size_t *ret_size)
{
    size_t capacity = records->capacity > 0 ? records->capacity : least + 1;
    char *buffer;

    move_to_front(records);
    while (capacity - records->end < least + 1) // one more, for the last record's end
        capacity *= 2;
    if (capacity != records->capacity) {
        buffer = realloc(records->buffer, capacity);
        if (buffer == NULL)
            return NULL;
        records->buffer = buffer;
        records->capacity = capacity;
    }
    *ret_size = capacity - records->end - 1;
    return records->buffer + records->end;
}

void
records_filled(struct records *records, size_t size)
{
    records->end += size;
}

// A newline inside quotes belongs to the field.
static bool
find_row_end(struct records *records)
{
    for (; records->scanned < records->end; records->scanned++) {
        char byte = records->buffer[records->scanned];

        if (byte == '"')
            records->quoted = !records->quoted;
        else if (byte == '\n' && !records->quoted)
            return true;
        else if (byte == '\n')
            records->breaks++;
    }
    return false;
}

// Moves `scanned` to the record's ending; false if that is not there yet.
static bool
find_end(struct records *records)
{
    char ending = records->kind == RECORDS_NUL ? '\0' : '\n';
    size_t length = records->end - records->scanned;
    char *found;

    if (records->kind == RECORDS_CSV)
        return find_row_end(records);
    found = length > 0 ? memchr(records->buffer + records->scanned, ending, length) : NULL;
    records->scanned = found != NULL ? (size_t)(found - records->buffer) : records->end;
    return found != NULL;
}

// Of the record up to `scanned`, without a '\r' that belongs to its ending.
static size_t
length_so_far(const struct records *records)
{
    size_t length = records->scanned - records->start;
    bool bare = records->kind != RECORDS_LINES && records->kind != RECORDS_NUL;

    return bare && length > 0 && records->buffer[records->scanned - 1] == '\r' ? length - 1
                                                                               : length;
}

// Cuts the record that ends at `scanned`; the next begins `ending` bytes after it.
static void
cut(struct records *records, size_t ending, struct record *ret)
{
    *ret =
        (struct record){records->buffer + records->start, length_so_far(records), records->number};
    records->scanned += ending;
    records->start = records->scanned;
    records->number += records->breaks + 1;
    records->breaks = 0;
    records->quoted = false;
}

static bool
is_left_out(const struct records *records, const struct record *record)
{
    if (records->kind == RECORDS_CSV || records->kind == RECORDS_TSV)
        return record->length == 0;
    if (records->kind != RECORDS_JSON)
        return false;
    for (size_t i = 0; i < record->length; i++)
        if (record->text[i] != ' ' && record->text[i] != '\t')
            return false;
    return true;
}

// What is here of a record that has no end yet: nothing is kept of one that is too long already.
static enum records_result
look_at_rest(struct records *records, struct record *ret)
{
    bool was_skipping = records->skipping;

    if (!records->skipping && length_so_far(records) <= records->max)
        return RECORDS_MORE;
    *ret = (struct record){.number = records->number};
    records->skipping = true;
    records->start = records->scanned;
    return was_skipping ? RECORDS_MORE : RECORDS_TOO_LONG;
}

enum records_result
records_next(struct records *records, bool last, struct record *ret)
{
    for (;;) {
        bool whole = find_end(records);
        bool rest = !whole && last && records->end > records->start;
        bool skipped = records->skipping;

        if (!whole && !rest && !(last && skipped))
            return look_at_rest(records, ret);
        cut(records, whole ? 1 : 0, ret);
        records->skipping = false;
        if (skipped && !whole)
            return RECORDS_MORE; // the end of the input
        if (skipped)
            continue;
        // Before all else: in pieces it would have been too long before it was seen to be blank.
        if (ret->length > records->max)
            return RECORDS_TOO_LONG;
        if (!is_left_out(records, ret))
            return RECORDS_ONE;
    }
}
