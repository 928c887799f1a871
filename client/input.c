// See input.h.
#include "client/input.h"

#include "client/product.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE ((size_t)65536)

struct input {
    // words
    struct product *product;
    uint64_t taken;
    // a stream
    int fd;
    struct event *readable;
    void (*ready)(void *context);
    void *context;
    struct records records;
    bool ended;
    int error;
};

static void
read_chunk(struct input *input)
{
    size_t room;
    char *into = records_room(&input->records, READ_SIZE, &room);
    ssize_t size;

    if (into == NULL) {
        input->error = ENOMEM;
        return;
    }
    size = read(input->fd, into, room < READ_SIZE ? room : READ_SIZE);
    if (size > 0)
        records_filled(&input->records, (size_t)size);
    else if (size == 0)
        input->ended = true;
    else if (errno != EINTR && errno != EAGAIN)
        input->error = errno;
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

static enum input_result
next_of_stream(struct input *input, struct input_record *ret)
{
    if (input->error != 0)
        return INPUT_FAILED;
    ret->fields = NULL;
    switch (records_next(&input->records, input->ended, &ret->record)) {
    case RECORDS_ONE:
        return INPUT_RECORD;
    case RECORDS_TOO_LONG:
        return INPUT_TOO_LONG;
    default:
        return input->ended ? INPUT_END : INPUT_WAIT;
    }
}

static enum input_result
next_words(struct input *input, struct input_record *ret)
{
    const struct fields *fields = product_next(input->product);

    if (fields == NULL)
        return INPUT_END;
    ret->fields = fields;
    ret->record =
        (struct record){(char *)fields->items[0].at, fields->items[0].length, ++input->taken};
    return INPUT_RECORD;
}

enum input_result
input_next(struct input *input, struct input_record *ret)
{
    return input->product != NULL ? next_words(input, ret) : next_of_stream(input, ret);
}

struct input *
input_new(struct event_base *base, int fd, enum records_kind kind, size_t max,
          void (*ready)(void *context), void *context)
{
    struct input *input = calloc(1, sizeof(*input));

    if (input == NULL)
        return NULL;
    records_init(&input->records, kind, max);
    input->fd = fd;
    input->ready = ready;
    input->context = context;
    input->readable = event_new(base, fd, EV_READ, readable_cb, input);
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
    input->product = product_new(words, count);
    if (input->product == NULL) {
        input_free(input);
        return NULL;
    }
    return input;
}

void
input_free(struct input *input)
{
    if (input == NULL)
        return;
    if (input->readable != NULL)
        event_free(input->readable);
    records_done(&input->records);
    product_free(input->product);
    free(input);
}

void
input_wait(struct input *input)
{
    if (event_add(input->readable, NULL) != 0)
        input->error = ENOMEM;
}

uint64_t
input_total(const struct input *input)
{
    return input->product != NULL ? product_count(input->product) : 0;
}

int
input_error(const struct input *input)
{
    return input->error;
}
