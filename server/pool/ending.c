// See ending.h.
#include "pool/ending.h"

#include <signal.h>
#include <sys/wait.h>

// The kernel's killer uses SIGKILL alone, and whoever else does so leaves the count as it was.
static bool
is_out_of_memory(int signal, const struct cgroup *cgroup)
{
    return signal == SIGKILL && cgroup != NULL && cgroup_was_out_of_memory(cgroup);
}

void
ending_judge(struct death *death, int status, const struct rusage *usage,
             const struct cgroup *cgroup)
{
    death->usage = *usage;
    death->usage_known = true;
    death->peak_bytes = cgroup != NULL ? cgroup_memory_peak(cgroup) : 0;
    if (death->cause == DEATH_START || death->cause == DEATH_UNREADY ||
        death->cause == DEATH_PROTOCOL)
        return;
    if (death->cause == DEATH_KILLED && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return; // else it was on its way out already
    if (WIFSIGNALED(status)) {
        death->signal = WTERMSIG(status);
        death->cause = is_out_of_memory(death->signal, cgroup) ? DEATH_OOM : DEATH_SIGNAL;
        death->memory_max = cgroup != NULL ? cgroup->memory_max : 0;
    } else {
        death->cause = DEATH_EXIT;
        death->exit_code = WEXITSTATUS(status);
    }
}
