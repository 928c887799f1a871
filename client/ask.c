// See ask.h.
#include "client/ask.h"

#include "client/reach.h"
#include "client/report.h"

#include <stdlib.h>

struct ask {
    struct reach reach;
};

int
ask_open(const struct options *options, struct ask **ret)
{
    struct ask *ask = calloc(1, sizeof(*ask));
    int status;

    if (ask == NULL)
        return report_no_memory();
    status = reach_open(options, NULL, NULL, NULL, &ask->reach);
    if (status == 0)
        *ret = ask;
    else
        free(ask);
    return status;
}

void
ask_close(struct ask *ask)
{
    if (ask == NULL)
        return;
    reach_close(&ask->reach);
    free(ask);
}

const char *
ask_address(const struct ask *ask)
{
    return offload_address(ask->reach.offload);
}

static int
settled(struct ask *ask, int error)
{
    return error == 0 ? 0 : reach_report(&ask->reach, error);
}

int
ask_request(struct ask *ask, const struct offload_call *call, int timeout_ms,
            struct offload_answer *ret)
{
    return settled(ask, offload_call_wait(ask->reach.offload, call, timeout_ms, ret));
}

int
ask_notify(struct ask *ask, const struct offload_call *call)
{
    int error = offload_notify(ask->reach.offload, call);

    offload_finish(ask->reach.offload);
    if (error == 0)
        error = offload_wait(ask->reach.offload, ASK_CONTROL_TIMEOUT_MS);
    return settled(ask, error);
}

int
ask_control(struct ask *ask, const char *method, struct offload_answer *ret)
{
    struct offload_call call = {.method = method};
    struct offload_answer answer;
    int status = ask_request(ask, &call, ASK_CONTROL_TIMEOUT_MS, &answer);

    if (status == 0 && answer.outcome == OFFLOAD_ERROR) {
        status = report_error(NULL, (struct span){answer.json, answer.length});
        offload_answer_done(&answer);
    }
    if (status == 0)
        *ret = answer;
    return status;
}
