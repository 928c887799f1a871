// What a case found out: one of three words, and a text for people.
#ifndef OFFLOAD_CLIENT_CHECK_VERDICT_H
#define OFFLOAD_CLIENT_CHECK_VERDICT_H

#include "common/span.h"

#include <stdbool.h>

enum check_outcome {
    CHECK_OK,
    CHECK_WRONG,
    CHECK_SKIPPED,
};

struct check_verdict {
    enum check_outcome outcome;
    char text[2048]; // why it is wrong or was skipped; cut if need be
};

// Each returns false, so that a check that fails can be left with `return`.
bool check_wrong(struct check_verdict *verdict, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool check_skipped(struct check_verdict *verdict, const char *why);
#define CHECK_NO_MEMORY "this program is out of memory"

// Goes on with the text.
void check_add(struct check_verdict *verdict, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Foreign text made safe to print and cut: see log_escape. The place is the caller's.
#define CHECK_QUOTE_MAX 200
const char *check_quote(struct span text, char into[CHECK_QUOTE_MAX]);

#endif
