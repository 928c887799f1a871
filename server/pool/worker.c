// See worker.h.
#include "pool/worker.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/message.h"
#include "pool/chatter.h"
#include "pool/environment.h"
#include "pool/slots.h"
#include "pool/spawn.h"
#include "pool/start.h"
#include "transport/stream.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define END_GRACE_US 200000 // between the two signs of an end
#define BREACH_MAX   256

struct worker {
    const struct worker_settings *settings;
    const struct worker_callbacks *callbacks;
    void *context;
    unsigned index;
    enum worker_state state;
    pid_t pid;
    struct stream *input;  // to its stdin; NULL once closed
    struct stream *output; // from its stdout
    struct chatter *chatter;
    struct start start;
    struct event *grace;
    struct reap_watch watch;
    struct turn_task burial;
    bool exited;
    bool output_ended;
    const char *expected_breach; // what it is blamed for if the grace time runs out; NULL: nothing
    bool breached;
    struct death death;
    char breach_text[BREACH_MAX];
    char subject[96];
    int64_t started_us;
    uint64_t jobs_done;
    struct slots *slots;
};

static void
worker_set_state(struct worker *worker, enum worker_state state)
{
    // Only forwards; several signs of an end may come.
    if (state <= worker->state)
        return;
    log_debug(worker->subject, "%s -> %s", worker_state_name(worker->state),
              worker_state_name(state));
    worker->state = state;
}

static void
worker_arm(struct worker *worker, int64_t after_us)
{
    struct timeval after = {after_us / 1000000, after_us % 1000000};

    event_add(worker->grace, &after);
}

// ---- the end
// -------------------------------------------------------------------------------------

static void
worker_bury(void *context)
{
    struct worker *worker = context;

    start_done(&worker->start);
    if (worker->grace != NULL)
        event_free(worker->grace);
    stream_free(worker->input);
    stream_free(worker->output);
    chatter_free(worker->chatter);
    slots_free(worker->slots);
    free(worker);
}

static void
worker_judge(struct worker *worker, int status, const struct rusage *usage)
{
    struct death *death = &worker->death;

    death->usage = *usage;
    death->usage_known = true;
    if (death->cause == DEATH_START || death->cause == DEATH_PROTOCOL)
        return; // known already; the status is only what we did about it
    if (WIFSIGNALED(status)) {
        death->cause = DEATH_SIGNAL;
        death->signal = WTERMSIG(status);
    } else {
        death->cause = DEATH_EXIT;
        death->exit_code = WEXITSTATUS(status);
    }
}

// Everything is known: answer what it had in hand, and go.
static void
worker_settle(struct worker *worker)
{
    struct death *death = &worker->death;
    size_t length = 0;
    struct job *job;
    char *error;

    // Its pipes have nothing more to say, though somebody may still hold them.
    event_del(worker->grace);
    stream_free(worker->input);
    stream_free(worker->output);
    worker->input = worker->output = NULL;
    death->jobs_done = worker->jobs_done;
    death->stderr_tail = chatter_tail(worker->chatter);
    error = slots_busy(worker->slots) > 0 ? certificate_error(death, &length) : NULL;
    while (slots_take_any(worker->slots, &job)) {
        struct outcome outcome = {.state = JOB_LOST, .body = {.at = error, .length = length}};

        if (job != NULL)
            worker->callbacks->finished(worker->context, job, &outcome);
    }
    free(error);
    worker->callbacks->gone(worker->context, worker, death);
    turn_task_init(&worker->burial, worker_bury, worker);
    turn_later(worker->settings->turn, &worker->burial);
}

static void
worker_sign_of_end(struct worker *worker)
{
    worker_set_state(worker, WORKER_ENDING);
    if (worker->exited && worker->output_ended)
        worker_settle(worker);
    else
        worker_arm(worker, END_GRACE_US);
}

static void
worker_ended_cb(void *context, int status, const struct rusage *usage)
{
    struct worker *worker = context;

    worker->exited = true;
    start_look(&worker->start); // its news may not have been looked at yet
    worker_judge(worker, status, usage);
    worker_sign_of_end(worker);
}

static void
worker_signal_group(struct worker *worker, int signal)
{
    if (!worker->exited && worker->pid > 0)
        kill(-worker->pid, signal);
}

void
worker_kill(struct worker *worker)
{
    worker_set_state(worker, WORKER_ENDING);
    worker_signal_group(worker, SIGKILL);
}

// Only work is left that nobody waits for: stop it, so that its slots are of use again.
static bool
worker_kill_if_unwanted(struct worker *worker)
{
    if (slots_busy(worker->slots) == 0 || slots_wanted(worker->slots) > 0)
        return false;
    worker->death.deliberate = true;
    worker_kill(worker);
    return true;
}

// It did what no worker may do. `text` is what it wrote, or absent.
static void
worker_breach(struct worker *worker, const char *reason, struct span text)
{
    struct death *death = &worker->death;
    char shown[BREACH_MAX];

    if (worker->breached)
        return;
    worker->breached = true;
    if (text.length > sizeof(worker->breach_text))
        text.length = sizeof(worker->breach_text);
    if (text.length > 0)
        memcpy(worker->breach_text, text.at, text.length);
    death->cause = DEATH_PROTOCOL;
    death->breach = reason;
    death->breach_text = (struct span){.at = worker->breach_text, .length = text.length};
    log_warning(worker->subject, "broke the protocol, killed: %s: %s", reason,
                log_escape(death->breach_text, shown, sizeof(shown)));
    worker_kill(worker);
}

static void
worker_grace_cb(evutil_socket_t fd, short what, void *context)
{
    struct worker *worker = context;

    (void)fd;
    (void)what;
    if (worker->exited) {
        worker_settle(worker); // somebody else holds its stdout
        return;
    }
    if (worker->expected_breach != NULL)
        worker_breach(worker, worker->expected_breach, (struct span){0});
    worker_kill(worker);
}

// ---- its streams
// ---------------------------------------------------------------------------------

static void
worker_answer(struct worker *worker, const struct message *message, struct span line)
{
    struct outcome outcome = {
        .state = message->kind == MESSAGE_RESULT ? JOB_SUCCEEDED : JOB_FAILED,
        .body = message->kind == MESSAGE_RESULT ? message->result : message->error,
    };
    struct job *job;

    if (!slots_take(worker->slots, message->id, &job)) {
        worker_breach(worker, "an answer to no request that it has", line);
        return;
    }
    worker->jobs_done++;
    if (job != NULL)
        worker->callbacks->finished(worker->context, job, &outcome);
    if (worker->state == WORKER_READY && !worker_kill_if_unwanted(worker))
        worker->callbacks->room(worker->context, worker);
}

static void
worker_line_cb(void *context, char *line, size_t length)
{
    struct worker *worker = context;
    const struct worker_settings *settings = worker->settings;
    struct message_limits limits = {.depth_max = settings->depth_max, .batch_max = 1};
    struct span text = {.at = line, .length = length};
    struct messages *messages = settings->messages;

    if (messages_parse(messages, line, length, &limits, NULL) != MESSAGES_OK || messages->batch) {
        worker_breach(worker, "a line that is no answer", text);
        return;
    }
    switch (messages->items[0].kind) {
    case MESSAGE_RESULT:
    case MESSAGE_ERROR:
        worker_answer(worker, &messages->items[0], text);
        return;
    case MESSAGE_NOTIFICATION:
        return; // none has a meaning here yet, and one that is not known is no fault
    case MESSAGE_REQUEST:
    case MESSAGE_INVALID:
        worker_breach(worker, "a line that is no answer", text);
        return;
    }
}

static void
worker_too_long_cb(void *context, const char *begin, size_t length)
{
    worker_breach(context, "a line longer than line-max",
                  (struct span){.at = begin, .length = length});
}

static void
worker_output_end_cb(void *context, enum stream_end end, int error)
{
    struct worker *worker = context;

    (void)end;
    (void)error;
    worker->output_ended = true;
    worker->expected_breach = "it closed its stdout and ran on";
    worker_sign_of_end(worker);
}

// Its stdin is closed: most likely it is dying, and the two signs will come. If they do not it is
// no worker any more.
static void
worker_input_end_cb(void *context, enum stream_end end, int error)
{
    struct worker *worker = context;

    (void)end;
    (void)error;
    if (worker->state >= WORKER_STOPPING)
        return;
    worker_set_state(worker, WORKER_ENDING);
    worker->expected_breach = "it closed its stdin and ran on";
    worker_arm(worker, END_GRACE_US);
}

static const struct stream_callbacks output_callbacks = {
    .line = worker_line_cb,
    .too_long = worker_too_long_cb,
    .end = worker_output_end_cb,
};

static const struct stream_callbacks input_callbacks = {
    .end = worker_input_end_cb,
};

static void
worker_start_known_cb(void *context, int error)
{
    struct worker *worker = context;

    if (error != 0) {
        worker->death.cause = DEATH_START;
        worker->death.start_errno = error;
        worker_set_state(worker, WORKER_ENDING);
    } else if (worker->state == WORKER_STARTING && !worker->exited) {
        worker_set_state(worker, WORKER_READY);
        worker->callbacks->ready(worker->context, worker);
    }
}

// ---- the beginning
// -------------------------------------------------------------------------------

// Takes over the descriptors. 0 or -ENOMEM; what was not taken is closed either way.
static int
worker_connect(struct worker *worker, struct spawned *spawned)
{
    const struct worker_settings *settings = worker->settings;
    struct stream_settings input = {.fd = spawned->stdin_fd};
    struct stream_settings output = {
        .fd = spawned->stdout_fd, .reads = true, .line_max = settings->line_max};
    int error;

    worker->input = stream_new(settings->base, settings->turn, &input, &input_callbacks, worker);
    if (worker->input == NULL)
        close(spawned->stdin_fd);
    worker->output = stream_new(settings->base, settings->turn, &output, &output_callbacks, worker);
    if (worker->output == NULL)
        close(spawned->stdout_fd);
    worker->chatter = chatter_new(settings->base, spawned->stderr_fd, worker->subject);
    if (worker->chatter == NULL)
        close(spawned->stderr_fd);
    worker->grace = evtimer_new(settings->base, worker_grace_cb, worker);
    error = start_watch(&worker->start, settings->base, spawned->status_fd, worker_start_known_cb,
                        worker);
    if (worker->input == NULL || worker->output == NULL || worker->chatter == NULL ||
        worker->grace == NULL)
        error = -ENOMEM;
    return error;
}

static int
worker_spawn(struct worker *worker, struct spawned *ret_spawned)
{
    const struct worker_settings *settings = worker->settings;
    char **environment = environment_new(settings->pool, worker->index);
    struct spawn_request request = {
        .argv = settings->argv, .envp = environment, .open_files = settings->open_files};
    int error = environment != NULL ? spawn(&request, ret_spawned) : -ENOMEM;

    environment_free(environment);
    return error;
}

struct worker *
worker_new(const struct worker_settings *settings, unsigned index,
           const struct worker_callbacks *callbacks, void *context, int *ret_error)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    struct spawned spawned;
    int error = -ENOMEM;

    if (worker == NULL)
        goto fail;
    worker->settings = settings;
    worker->callbacks = callbacks;
    worker->context = context;
    worker->index = index;
    worker->started_us = clock_us();
    worker->start.fd = -1;
    worker->slots = slots_new(settings->slots);
    if (worker->slots == NULL)
        goto fail;
    error = worker_spawn(worker, &spawned);
    if (error != 0)
        goto fail;
    worker->pid = spawned.pid;
    snprintf(worker->subject, sizeof(worker->subject), "worker %s/%u pid %d", settings->pool, index,
             (int)spawned.pid);
    worker->death.pool = settings->pool;
    worker->death.pid = spawned.pid;
    error = worker_connect(worker, &spawned);
    if (error != 0) {
        kill(-spawned.pid, SIGKILL); // the reaper collects it, watched by nobody
        worker_bury(worker);
        worker = NULL;
        goto fail;
    }
    worker->watch =
        (struct reap_watch){.pid = spawned.pid, .ended = worker_ended_cb, .context = worker};
    reaper_watch(settings->reaper, &worker->watch);
    return worker;
fail:
    if (worker != NULL)
        slots_free(worker->slots);
    free(worker);
    *ret_error = error;
    return NULL;
}

// ---- jobs
// ----------------------------------------------------------------------------------------

int
worker_run(struct worker *worker, struct job *job)
{
    uint64_t number = slots_next_number(worker->slots);
    struct iovec iov[MESSAGE_IOV_MAX + 1];
    char text[24];
    int length = snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    struct span id = {.at = text, .length = (size_t)length};
    int count = message_request_iov(iov, id, job->method, job->params);
    int error;

    iov[count++] = (struct iovec){.iov_base = (char *)"\n", .iov_len = 1};
    error = stream_write(worker->input, iov, count);
    if (error != 0)
        return error;
    slots_put(worker->slots, number, job);
    job->place = worker;
    return 0;
}

bool
worker_abandon(struct worker *worker, struct job *job)
{
    slots_abandon(worker->slots, job);
    return worker_kill_if_unwanted(worker);
}

void
worker_stop(struct worker *worker, int64_t grace_us)
{
    if (worker->state >= WORKER_STOPPING)
        return;
    worker_set_state(worker, WORKER_STOPPING);
    stream_free(worker->input);
    worker->input = NULL;
    worker_arm(worker, grace_us);
}

// ---- what others may know
// ------------------------------------------------------------------------

bool
worker_has_room(const struct worker *worker)
{
    return worker->state == WORKER_READY && !slots_full(worker->slots);
}

void
worker_report(const struct worker *worker, struct worker_report *ret_report)
{
    *ret_report = (struct worker_report){
        .index = worker->index,
        .pid = worker->pid,
        .state = worker->state,
        .running = slots_busy(worker->slots),
        .jobs_done = worker->jobs_done,
        .started_us = worker->started_us,
    };
}

const char *
worker_state_name(enum worker_state state)
{
    static const char *const names[] = {
        [WORKER_STARTING] = "starting",
        [WORKER_READY] = "ready",
        [WORKER_STOPPING] = "stopping",
        [WORKER_ENDING] = "ending",
    };

    return names[state];
}
