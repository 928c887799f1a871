// See timeouts.h.
#include "model/timeouts.h"

const char *
timeout_name(enum timeout_kind kind)
{
    static const char *const names[TIMEOUT_COUNT] = {
        [TIMEOUT_QUEUE] = "queue",
        [TIMEOUT_RUN] = "run",
        [TIMEOUT_SILENCE] = "silence",
        [TIMEOUT_TOTAL] = "total",
    };

    return names[kind];
}

void
timeouts_tighten(struct timeouts *timeouts, const struct timeouts *by)
{
    for (int i = 0; i < TIMEOUT_COUNT; i++)
        if (by->us[i] != 0 && (timeouts->us[i] == 0 || by->us[i] < timeouts->us[i]))
            timeouts->us[i] = by->us[i];
}

bool
timeouts_any(const struct timeouts *timeouts)
{
    for (int i = 0; i < TIMEOUT_COUNT; i++)
        if (timeouts->us[i] != 0)
            return true;
    return false;
}

bool
timeouts_next(const struct timeouts *timeouts, int64_t created_us, int64_t ready_us,
              int64_t started_us, int64_t heard_us, int64_t *ret_due_us,
              enum timeout_kind *ret_kind)
{
    // From when each counts; 0: not now.
    const int64_t from_us[TIMEOUT_COUNT] = {
        [TIMEOUT_QUEUE] = started_us == 0 ? ready_us : 0,
        [TIMEOUT_RUN] = started_us,
        [TIMEOUT_SILENCE] = heard_us > started_us ? heard_us : started_us,
        [TIMEOUT_TOTAL] = created_us,
    };
    bool found = false;

    for (int i = 0; i < TIMEOUT_COUNT; i++) {
        int64_t due_us = from_us[i] + timeouts->us[i];

        if (timeouts->us[i] == 0 || from_us[i] == 0 || (found && due_us >= *ret_due_us))
            continue;
        *ret_due_us = due_us;
        *ret_kind = (enum timeout_kind)i;
        found = true;
    }
    return found;
}
