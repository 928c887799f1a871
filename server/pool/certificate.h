// The death certificate: what is known of a worker that ended with jobs in its hands, as the error
// object that answers each of them. Plain data to text.
#ifndef OFFLOAD_POOL_CERTIFICATE_H
#define OFFLOAD_POOL_CERTIFICATE_H

#include "common/span.h"
#include "model/timeouts.h"
#include "pool/spawn.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

enum death_cause {
    DEATH_EXIT,     // it exited by itself
    DEATH_SIGNAL,   // a signal killed it
    DEATH_PROTOCOL, // it wrote something that is no answer, and was killed for that
    DEATH_START,    // it could not be started
    DEATH_KILLED,   // somebody wanted it dead, and it was killed for that
    DEATH_UNREADY,  // it was not ready in time, and was killed for that
    DEATH_OOM,      // the kernel killed it, and says that memory was short
    DEATH_TIMEOUT,  // a timeout of the job was over (the worker need not be dead yet)
};

struct death {
    enum death_cause cause;
    int exit_code;              // DEATH_EXIT
    int signal;                 // DEATH_SIGNAL, DEATH_OOM
    struct spawn_failure start; // DEATH_START
    size_t memory_max;          // DEATH_OOM: its limit; 0: it had none, the machine was short
    const char *program;        // DEATH_START, SPAWN_PROGRAM and SPAWN_INTERPRETER: its path
    const char *directory;      // DEATH_START, SPAWN_DIRECTORY
    enum timeout_kind timeout;  // DEATH_TIMEOUT
    const char *breach;         // DEATH_PROTOCOL: a sentence
    struct span breach_text;    // DEATH_PROTOCOL: the offending text, maybe cut
    const char *pool;
    pid_t pid; // 0 if there never was a process
    bool usage_known;
    struct rusage usage; // of the process and the children it waited for
    size_t peak_bytes;   // of all its processes, if it had a cgroup that counts; else 0
    bool deliberate;     // killed because nobody wanted its work any more: no fault of its own
    uint64_t jobs_done;  // by this worker before
    unsigned attempts;   // how often the job was started, this time included
    struct span stderr_tail;
};

// The error object: -32012 for DEATH_PROTOCOL, -32011 for DEATH_TIMEOUT, else -32010. malloc,
// NUL-terminated, caller frees; NULL when out of memory.
char *certificate_error(const struct death *death, size_t *ret_length);

#define DEATH_SUMMARY_MAX 544

// One line for the log: "killed by SIGKILL", "exited with status 3".
void certificate_summary(const struct death *death, char *text, size_t size);

#endif
