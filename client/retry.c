// See retry.h.
#include "client/retry.h"

#include "common/errors.h"
#include "common/member.h"

#include <stdlib.h>

#define BUSY_LEAST_SECONDS 0.01
#define BUSY_MOST_SECONDS  5.0
#define BUSY_SECONDS       0.1 // if the daemon does not say

// What would be no better the next time.
static bool
is_final(int code)
{
    static const int codes[] = {
        ERROR_PARSE,     ERROR_INVALID_REQUEST, ERROR_METHOD_NOT_FOUND, ERROR_INVALID_PARAMS,
        ERROR_CANCELLED, ERROR_UNAUTHORISED,    ERROR_TOO_LARGE,        ERROR_SHUTTING_DOWN,
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i] == code)
            return true;
    return false;
}

int64_t
retry_busy_us(struct span error)
{
    struct span data = member_find(error, "data");
    struct span raw = member_find(data, "retry_after");
    double seconds = BUSY_SECONDS;
    char text[32];

    if (span_is(member_find(data, "limit"), "\"max_wait\""))
        return -1;
    if (raw.length > 0 && raw.length < sizeof(text)) {
        memcpy(text, raw.at, raw.length);
        text[raw.length] = '\0';
        seconds = strtod(text, NULL);
    }
    if (seconds > BUSY_LEAST_SECONDS && seconds < BUSY_MOST_SECONDS)
        return (int64_t)(seconds * 1e6);
    return (int64_t)((seconds < 1 ? BUSY_LEAST_SECONDS : BUSY_MOST_SECONDS) * 1e6);
}

int64_t
retry_delay_us(const struct job *job, int code, unsigned retries, int64_t now_us)
{
    if (code == ERROR_BUSY)
        return job->busy_us == 0 || now_us - job->busy_us < RETRY_BUSY_US
                   ? retry_busy_us(job->outcome)
                   : -1;
    return !is_final(code) && job->attempt <= retries ? 0 : -1;
}
