// What the three files of a worker share: worker.c (its birth, its jobs), worker_talk.c (what it
// says), worker_end.c (its end). For nobody else.
#ifndef OFFLOAD_POOL_WORKER_INTERNAL_H
#define OFFLOAD_POOL_WORKER_INTERNAL_H

#include "pool/chatter.h"
#include "pool/ending.h"
#include "pool/slots.h"
#include "pool/start.h"
#include "pool/worker.h"
#include "transport/stream.h"

#define WORKER_BREACH_MAX 256
#define WORKER_REASON_MAX 160

struct worker {
    LIST_ENTRY(worker) siblings;
    const struct worker_settings *settings;
    const struct worker_callbacks *callbacks;
    void *context;
    unsigned index;
    enum worker_state state;
    pid_t pid;
    struct cgroup *cgroup; // NULL: none of its own, or it has exited
    struct stream *input;  // to its stdin; NULL once closed
    struct stream *output; // from its stdout
    struct chatter *chatter;
    struct start start;
    struct event *grace;
    struct event *patience; // with jobs that it was asked to cancel
    struct reap_watch watch;
    struct turn_task burial;
    bool exited;
    bool output_ended;
    const char *expected_breach; // what it is blamed for if the grace time runs out; NULL: nothing
    bool breached;
    bool condemned; // takes no new jobs
    bool was_ready;
    bool retired;    // because its time is over: it may end in its own way
    bool ready_said; // it sent worker.ready
    bool can_cancel; // and said that it understands $/cancelRequest
    bool gives_back; // and that it returns what would have to wait
    bool held_up;    // it has returned jobs: it gets none ahead until its next answer
    struct death death;
    const char *unwanted; // why it is ended, if it is because nobody wants its work
    char breach_reason[WORKER_REASON_MAX];
    char breach_text[WORKER_BREACH_MAX];
    char subject[96];
    int64_t started_us;
    uint64_t jobs_done;
    bool usage_known;
    struct usage usage;
    struct slots *slots;
};

// worker.c
void worker_set_state(struct worker *worker, enum worker_state state); // only forwards
void worker_become_ready(struct worker *worker);
void worker_begin(struct worker *worker, struct job *job);
void worker_start_next(struct worker *worker); // what waits in its pipe begins, if it may
void worker_arm(struct worker *worker, int64_t after_us); // the grace timer

// worker_talk.c: take the descriptor. NULL when out of memory; the fd is then still the caller's.
struct stream *worker_open_input(struct worker *worker, int fd);
struct stream *worker_open_output(struct worker *worker, int fd);
void worker_give_back(struct worker *worker); // what slots_return has put aside

// worker_end.c
void worker_sign_of_end(struct worker *worker);
void worker_ended_cb(void *context, int status, const struct rusage *usage); // from the reaper
void worker_grace_cb(int fd, short what, void *context);
void worker_bury(void *context); // frees it
// It did what no worker may do. `reason` is copied; `text` is what it wrote, or absent.
void worker_breach(struct worker *worker, const char *reason, struct span text);
// Ends it if only work is left that nobody waits for, so that its slots are of use again. True if
// so.
bool worker_end_if_unwanted(struct worker *worker);

#endif
