// Where jobs come from: the records of a stream such as stdin, or words of the command line. The
// taker asks for one after the other; the stream is read only when more is wanted, so that an
// endless one costs no memory.
#ifndef OFFLOAD_CLIENT_INPUT_H
#define OFFLOAD_CLIENT_INPUT_H

#include "client/fields.h"
#include "client/records.h"

struct event_base;
struct input;

enum input_result {
    INPUT_RECORD,
    INPUT_TOO_LONG, // a record beyond the limit was left out; only its number is given
    INPUT_WAIT,     // nothing now: see input_wait
    INPUT_END,
    INPUT_FAILED, // the stream cannot be read: see input_error
};

struct input_record {
    struct record record;
    const struct fields *fields; // of words: one of each list; else NULL
};

// Records of a descriptor, which stays the caller's, up to `max` bytes. `ready` is called after
// input_wait. NULL when out of memory.
struct input *input_new(struct event_base *base, int fd, enum records_kind kind, size_t max,
                        void (*ready)(void *context), void *context);

// Words, which must outlive it, with ":::" between lists of them (see product.h). A record is the
// word of the first list, and not to be written to.
struct input *input_new_words(const char *const *words, size_t count);

void input_free(struct input *input);

// The next record; it is good until the next call of input_next or input_wait.
enum input_result input_next(struct input *input, struct input_record *ret);

// Asks for `ready` to be called once there is more, or the end.
void input_wait(struct input *input);

// How many records there will be; 0: nobody knows.
uint64_t input_total(const struct input *input);

// The errno value of INPUT_FAILED.
int input_error(const struct input *input);

#endif
