// Cuts a byte stream into lines: a growing buffer that remembers how far it has looked for a
// newline, so that a line which arrives in many small pieces costs no more than one that arrives
// whole. Knows neither where the bytes come from nor what they mean.
//
// A line ends at '\n'; a '\r' before it belongs to the ending. Blank lines (only spaces and tabs)
// are skipped. A line of more than line_max bytes is reported once, as soon as that is known, and
// then skipped to its end without being kept.
//
//     room = lines_room(&lines, 16384, &size);  n = read(fd, room, size);  lines_filled(&lines, n);
//     while ((what = lines_next(&lines, &line, &length)) != LINES_MORE) ...
#ifndef OFFLOAD_COMMON_LINES_H
#define OFFLOAD_COMMON_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum lines_result {
    LINES_MORE,     // no whole line is left: more bytes are needed
    LINES_LINE,     // a line, without its ending
    LINES_TOO_LONG, // a line went over line_max; what is here of it is given, its rest will be
                    // skipped
};

struct lines {
    char *buffer;
    size_t start;   // first byte not handed out yet
    size_t scanned; // no newline stands between start and here
    size_t end;     // bytes in the buffer
    size_t capacity;
    size_t line_max; // bytes of a line without its ending
    bool skipping;   // the rest of a line that was too long
};

// Allocates nothing yet: an idle stream costs only the struct.
void lines_init(struct lines *lines, size_t line_max);
void lines_done(struct lines *lines);

// A place for at least `least` more bytes; *ret_size says how many fit. NULL when out of memory.
// Lines handed out before are gone.
char *lines_room(struct lines *lines, size_t least, size_t *ret_size);

// `size` bytes were written to what lines_room returned.
void lines_filled(struct lines *lines, size_t size);

// The next line. The pointer is good until the next lines_room, may be written to, and has one
// writable byte after its end (the newline's place).
enum lines_result lines_next(struct lines *lines, char **ret_line, size_t *ret_length);

// At the end of the input: the last line if it has no newline. LINES_MORE if there is none.
enum lines_result lines_last(struct lines *lines, char **ret_line, size_t *ret_length);

// Bytes held that were not handed out yet.
size_t lines_pending(const struct lines *lines);

// True in the middle of a line: some of it has come, its end has not.
bool lines_unfinished(const struct lines *lines);

// Gives back the buffer if nothing is pending (for a stream that has gone idle).
void lines_shrink(struct lines *lines);

#endif
