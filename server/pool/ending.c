// See ending.h.
#include "pool/ending.h"

#include <sys/wait.h>

void
ending_judge(struct death *death, int status, const struct rusage *usage)
{
    death->usage = *usage;
    death->usage_known = true;
    if (death->cause == DEATH_START || death->cause == DEATH_UNREADY ||
        death->cause == DEATH_PROTOCOL)
        return;
    if (WIFSIGNALED(status)) {
        death->cause = DEATH_SIGNAL;
        death->signal = WTERMSIG(status);
    } else {
        death->cause = DEATH_EXIT;
        death->exit_code = WEXITSTATUS(status);
    }
}
