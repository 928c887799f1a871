// The work of the benchmark as a plug-in of offload-worker: `burn`. The Python systems load the
// same shared object for the same loop.
#include "../work.h"

#include <offload-plugin.h>

static void
run_burn(struct offload_job *job)
{
    char scratch[WORK_ANSWER_MAX];
    size_t length, answer_length;
    const char *params = offload_params(job, &length);
    const char *answer =
        params == NULL ? NULL : work_answer(true, params, length, scratch, &answer_length);

    if (answer == NULL)
        offload_error(job, -32602, "params must be [N,STEPS]", NULL);
    else
        offload_result(job, answer, answer_length);
}

static const struct offload_method methods[] = {{"burn", run_burn}, {NULL, NULL}};
const struct offload_plugin offload_plugin = {OFFLOAD_PLUGIN_ABI, "bench", methods, NULL, NULL};
