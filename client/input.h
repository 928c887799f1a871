// Where calls come from: the lines of stdin, or a list of words. The taker asks for one after the
// other; stdin is read only when more is wanted, so that an endless stream costs no memory.
#ifndef OFFLOAD_CLIENT_INPUT_H
#define OFFLOAD_CLIENT_INPUT_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct input;

enum input_result {
    INPUT_LINE,
    INPUT_TOO_LONG, // a line beyond the limit was left out
    INPUT_WAIT,     // nothing now: see input_wait
    INPUT_END,
    INPUT_FAILED, // stdin cannot be read: see input_error
};

// Lines of stdin up to line_max bytes. `ready` is called after input_wait. NULL when out of memory.
struct input *
input_new(struct event_base *base, size_t line_max, void (*ready)(void *context), void *context);

// The words, which must outlive it.
struct input *input_new_words(const char *const *words, size_t count);

void input_free(struct input *input);

// The next line, without its ending, and its number from 1 (blank lines count, but are left out).
// The pointer is good until the next call of input_wait.
enum input_result
input_next(struct input *input, char **ret_line, size_t *ret_length, uint64_t *ret_number);

// Asks for `ready` to be called once there is more, or the end.
void input_wait(struct input *input);

// The errno value of INPUT_FAILED.
int input_error(const struct input *input);

#endif
