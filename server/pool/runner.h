// The jobs of a pool of commands: each is a process of its own, at most `processes` of them at
// once. Private to the pool.
#ifndef OFFLOAD_POOL_RUNNER_H
#define OFFLOAD_POOL_RUNNER_H

#include "model/job.h"
#include "pool/certificate.h"

#include <stdbool.h>
#include <stddef.h>

struct pool;
struct runner;

// Bytes of stdout, and of stderr, that are kept for the result and sent as output.
#define RUNNER_OUTPUT_MAX ((size_t)1 << 20)

// NULL when out of memory, or when the command is no template: then `error` says why.
struct runner *runner_new(struct pool *pool, char *error, size_t error_size);
void runner_free(struct runner *runner);

// Kills what still runs: nobody waits for it any more.
void runner_stop(struct runner *runner);

bool runner_has_room(const struct runner *runner);

// Starts the job's process. The job is answered through pool_finish, maybe before this returns.
void runner_start(struct runner *runner, struct job *job);

// The job is the caller's again; its process is told to end, and keeps its slot until it has.
void runner_take_back(struct job *job);

// What could be said of its death now.
void runner_describe(const struct job *job, struct death *ret_death);

#endif
