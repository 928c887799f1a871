// What one line of a worker's stdout is, judged as the daemon judges it. Plain data.
#ifndef OFFLOAD_CLIENT_CHECK_LINE_H
#define OFFLOAD_CLIENT_CHECK_LINE_H

#include "common/message.h"
#include "common/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum check_line_kind {
    CHECK_LINE_RESULT,
    CHECK_LINE_ERROR,
    CHECK_LINE_READY,        // worker.ready
    CHECK_LINE_RETURN,       // worker.return
    CHECK_LINE_PROGRESS,     // $/progress
    CHECK_LINE_NOTIFICATION, // any other: the daemon ignores it
    CHECK_LINE_WRONG,        // the daemon would kill the worker for it
};

struct check_line {
    enum check_line_kind kind;
    struct span id;      // of a response, raw
    struct span result;  // raw
    struct span error;   // raw
    struct span params;  // of a notification, raw; may be absent
    const char *problem; // CHECK_LINE_WRONG: a static sentence on what it is instead
    size_t place;        // CHECK_LINE_WRONG: the byte from which on it is, from 1; 0: all of it
    const char *advice;  // CHECK_LINE_WRONG: a static sentence, or NULL
};

// `line` is writable, see messages_parse; the spans point into it. `messages` is only room. False
// when out of memory.
bool check_line_judge(struct messages *messages, char *line, size_t length, struct check_line *ret);

// The response's id, if it is a number written as the daemon writes its own: up to 19 digits.
bool check_line_number(const struct check_line *line, uint64_t *ret_id);

// The code of an error; 0 if it has none that fits.
int check_line_code(const struct check_line *line);

// The value of a member of a notification's params; absent if there is none.
struct span check_line_param(const struct check_line *line, const char *name);

// The same for any raw id.
bool check_line_read_id(struct span id, uint64_t *ret_id);

#endif
