// See input.h.
//
// `lines` leaves blank lines out, so the numbers are counted here: from the newlines in the chunk
// that was read last. A line that ends in it ends at one of them; a line beyond the limit began
// before the chunk (the limit is larger than a chunk), so it is the first of the chunk.
#include "client/input.h"

#include "common/lines.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE ((size_t)65536)

struct input {
    // words
    const char *const *words;
    size_t count;
    size_t taken;
    // stdin
    struct event *readable;
    void (*ready)(void *context);
    void *context;
    struct lines lines;
    const char *counted; // newlines before it, in the chunk, are in `number`
    const char *filled;  // the chunk's end
    uint64_t number;     // whole lines before `counted`
    bool ended;
    int error;
};

static void
read_chunk(struct input *input)
{
    size_t room;
    char *into = lines_room(&input->lines, READ_SIZE, &room);
    ssize_t size;

    if (into == NULL) {
        input->error = ENOMEM;
        return;
    }
    size = read(STDIN_FILENO, into, room < READ_SIZE ? room : READ_SIZE);
    if (size < 0) {
        if (errno != EINTR && errno != EAGAIN)
            input->error = errno;
        size = 0;
    } else if (size == 0) {
        input->ended = true;
    }
    lines_filled(&input->lines, (size_t)size);
    input->counted = into;
    input->filled = into + size;
}

static void
readable_cb(evutil_socket_t fd, short what, void *context)
{
    struct input *input = context;

    (void)fd;
    (void)what;
    read_chunk(input);
    input->ready(input->context);
}

// Counts up to `until`.
static void
count_lines(struct input *input, const char *until)
{
    const char *newline;

    while (input->counted < until &&
           (newline = memchr(input->counted, '\n', (size_t)(until - input->counted))) != NULL) {
        input->number++;
        input->counted = newline + 1;
    }
    if (input->counted < until)
        input->counted = until;
}

static enum input_result
next_of_stdin(struct input *input, char **ret_line, size_t *ret_length, uint64_t *ret_number)
{
    enum lines_result result;

    if (input->error != 0)
        return INPUT_FAILED;
    result = input->ended ? lines_last(&input->lines, ret_line, ret_length)
                          : lines_next(&input->lines, ret_line, ret_length);
    switch (result) {
    case LINES_LINE:
        count_lines(input, *ret_line + *ret_length);
        *ret_number = input->number + 1;
        return INPUT_LINE;
    case LINES_TOO_LONG:
        *ret_number = input->number + 1;
        return INPUT_TOO_LONG;
    default:
        count_lines(input, input->filled);
        return input->ended ? INPUT_END : INPUT_WAIT;
    }
}

static enum input_result
next_word(struct input *input, char **ret_line, size_t *ret_length, uint64_t *ret_number)
{
    if (input->taken == input->count)
        return INPUT_END;
    *ret_line = (char *)input->words[input->taken++];
    *ret_length = strlen(*ret_line);
    *ret_number = input->taken;
    return INPUT_LINE;
}

enum input_result
input_next(struct input *input, char **ret_line, size_t *ret_length, uint64_t *ret_number)
{
    return input->words != NULL ? next_word(input, ret_line, ret_length, ret_number)
                                : next_of_stdin(input, ret_line, ret_length, ret_number);
}

struct input *
input_new(struct event_base *base, size_t line_max, void (*ready)(void *context), void *context)
{
    struct input *input = calloc(1, sizeof(*input));

    if (input == NULL)
        return NULL;
    lines_init(&input->lines, line_max);
    input->ready = ready;
    input->context = context;
    input->readable = event_new(base, STDIN_FILENO, EV_READ, readable_cb, input);
    if (input->readable == NULL) {
        input_free(input);
        return NULL;
    }
    return input;
}

struct input *
input_new_words(const char *const *words, size_t count)
{
    struct input *input = calloc(1, sizeof(*input));

    if (input == NULL)
        return NULL;
    lines_init(&input->lines, 0);
    input->words = words;
    input->count = count;
    return input;
}

void
input_free(struct input *input)
{
    if (input == NULL)
        return;
    if (input->readable != NULL)
        event_free(input->readable);
    lines_done(&input->lines);
    free(input);
}

void
input_wait(struct input *input)
{
    if (event_add(input->readable, NULL) != 0)
        input->error = ENOMEM;
}

int
input_error(const struct input *input)
{
    return input->error;
}
