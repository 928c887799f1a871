// The cases that check-worker plays at a worker, in their order.
#ifndef OFFLOAD_CLIENT_CHECK_CASES_H
#define OFFLOAD_CLIENT_CHECK_CASES_H

#include "client/check_talk.h"

enum check_need {
    CHECK_NEEDS_NOTHING,
    CHECK_NEEDS_START,   // the first case went well
    CHECK_NEEDS_ANSWERS, // so did the second
    CHECK_NEEDS_METHOD,  // and the worker has the method
};

struct check_case {
    const char *name;
    enum check_need need;
    // False if the verdict is set; it is CHECK_OK otherwise. The worker may run on afterwards.
    bool (*run)(struct check_talk *talk, struct check_verdict *verdict);
};

const struct check_case *check_cases(size_t *ret_count);

#endif
