// See command.h.
#include "pool/command.h"

#include "pool/capture.h"
#include "pool/ending.h"
#include "pool/start.h"
#include "pool/usage.h"
#include "transport/stream.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct command {
    const struct command_settings *settings;
    const struct command_callbacks *callbacks;
    void *context;
    pid_t pid;
    struct cgroup *cgroup; // NULL: none of its own, or it has exited
    struct stream *input;  // to its stdin; NULL once closed
    struct capture *captures[COMMAND_STREAM_COUNT];
    unsigned open;  // captures that are not at their end
    bool finishing; // the captures are made to end
    bool exited;
    struct start start;
    struct event *timer; // SIGKILL after SIGTERM, or the end of the grace time after the exit
    struct reap_watch watch;
    struct turn_task burial;
    struct death death;
};

static void
command_arm(struct command *command, int64_t after_us)
{
    struct timeval after = {after_us / 1000000, after_us % 1000000};

    event_add(command->timer, &after);
}

// ---- the end --------------------------------------------------------------------------------

static void
command_bury(void *context)
{
    struct command *command = context;

    start_done(&command->start);
    if (command->cgroup != NULL) // half-built; else the settings may be gone with the pool by now
        cgroups_return(command->settings->cgroups, command->cgroup);
    if (command->timer != NULL)
        event_free(command->timer);
    stream_free(command->input);
    for (int i = 0; i < COMMAND_STREAM_COUNT; i++)
        capture_free(command->captures[i]);
    free(command);
}

static void
command_settle(struct command *command)
{
    struct command_result result;

    event_del(command->timer);
    result.death = command->death;
    result.death.stderr_tail = capture_tail(command->captures[COMMAND_STDERR]);
    for (int i = 0; i < COMMAND_STREAM_COUNT; i++)
        result.output[i] = (struct command_output){
            .bytes = capture_kept(command->captures[i]),
            .truncated = capture_truncated(command->captures[i]),
            .total = capture_total(command->captures[i]),
        };
    // It comes before that of the pool, which may be gone with its last command.
    turn_task_init(&command->burial, command_bury, command);
    turn_later(command->settings->turn, &command->burial);
    command->callbacks->ended(command->context, command, &result);
}

// Somebody else holds its pipes.
static void
command_finish(struct command *command)
{
    command->finishing = true;
    for (int i = 0; i < COMMAND_STREAM_COUNT; i++)
        capture_finish(command->captures[i]);
    command_settle(command);
}

static void
command_ended_cb(void *context, int status, const struct rusage *usage)
{
    struct command *command = context;

    command->exited = true;
    start_look(&command->start); // its news may not have been looked at yet
    ending_judge(&command->death, status, usage, command->cgroup);
    // What it has started goes with it, even if it has left the process group.
    cgroups_return(command->settings->cgroups, command->cgroup);
    command->cgroup = NULL;
    if (command->open == 0)
        command_settle(command);
    else
        command_arm(command, ENDING_GRACE_US);
}

void
command_kill(struct command *command)
{
    if (command->exited)
        return;
    command->death.deliberate = true;
    kill(-command->pid, SIGKILL);
}

void
command_terminate(struct command *command)
{
    if (command->death.deliberate || command->exited)
        return;
    if (command->settings->kill_delay_us == 0) {
        command_kill(command);
        return;
    }
    command->death.deliberate = true;
    kill(-command->pid, SIGTERM);
    command_arm(command, command->settings->kill_delay_us);
}

static void
command_timer_cb(evutil_socket_t fd, short what, void *context)
{
    struct command *command = context;

    (void)fd;
    (void)what;
    if (command->exited)
        command_finish(command);
    else
        command_kill(command);
}

// ---- its streams ----------------------------------------------------------------------------

static enum command_stream
command_stream_of(const struct command *command, const struct capture *capture)
{
    return capture == command->captures[COMMAND_STDOUT] ? COMMAND_STDOUT : COMMAND_STDERR;
}

static void
command_piece_cb(void *context, struct capture *capture, struct span bytes)
{
    struct command *command = context;

    if (command->callbacks->output != NULL)
        command->callbacks->output(command->context, command, command_stream_of(command, capture),
                                   bytes);
}

static void
command_capture_end_cb(void *context, struct capture *capture)
{
    struct command *command = context;

    (void)capture;
    command->open--;
    if (command->open == 0 && command->exited && !command->finishing)
        command_settle(command);
}

static void
command_close_input(struct command *command)
{
    stream_free(command->input);
    command->input = NULL;
}

static void
command_input_sent_cb(void *context)
{
    struct command *command = context;

    if (stream_output(command->input) == 0)
        command_close_input(command);
}

// It need not read its stdin.
static void
command_input_end_cb(void *context, enum stream_end end, int error)
{
    (void)end;
    (void)error;
    command_close_input(context);
}

static void
command_start_known_cb(void *context, struct spawn_failure failure)
{
    struct command *command = context;

    if (failure.error == 0)
        return;
    command->death.cause = DEATH_START;
    command->death.start = failure;
}

static const struct stream_callbacks input_callbacks = {
    .sent = command_input_sent_cb,
    .end = command_input_end_cb,
};

static const struct capture_callbacks capture_callbacks = {
    .piece = command_piece_cb,
    .end = command_capture_end_cb,
};

// ---- the beginning --------------------------------------------------------------------------

// Takes over the descriptor. 0 or -ENOMEM.
static int
command_connect_input(struct command *command, int fd, struct span input)
{
    const struct command_settings *settings = command->settings;
    struct stream_settings stream = {.fd = fd};
    struct iovec iov = {.iov_base = (char *)input.at, .iov_len = input.length};

    if (input.length == 0) {
        close(fd);
        return 0;
    }
    command->input = stream_new(settings->base, settings->turn, &stream, &input_callbacks, command);
    if (command->input == NULL) {
        close(fd);
        return -ENOMEM;
    }
    return stream_write(command->input, &iov, 1);
}

// Takes over the descriptors. 0 or -ENOMEM; what was not taken is closed either way.
static int
command_connect(struct command *command, const struct spawned *spawned, struct span input)
{
    const struct command_settings *settings = command->settings;
    const int fds[COMMAND_STREAM_COUNT] = {spawned->stdout_fd, spawned->stderr_fd};
    int error = command_connect_input(command, spawned->stdin_fd, input);

    for (int i = 0; i < COMMAND_STREAM_COUNT; i++) {
        command->captures[i] =
            capture_new(settings->base, fds[i], settings->output_max, &capture_callbacks, command);
        if (command->captures[i] != NULL)
            continue;
        close(fds[i]);
        error = -ENOMEM;
    }
    command->open = COMMAND_STREAM_COUNT;
    command->timer = evtimer_new(settings->base, command_timer_cb, command);
    if (start_watch(&command->start, settings->base, spawned->status_fd, command_start_known_cb,
                    command) != 0 ||
        command->timer == NULL)
        error = -ENOMEM;
    return error;
}

static int
command_spawn(struct command *command, const struct command_request *request,
              struct spawned *ret_spawned)
{
    const struct command_settings *settings = command->settings;
    struct spawn_request spawn_request = {
        .argv = request->argv, .envp = request->envp, .attributes = settings->attributes};

    command->cgroup =
        cgroups_take(settings->cgroups, settings->pool, request->slot, &settings->cgroup_limits);
    spawn_request.cgroup = command->cgroup;
    return spawn(&spawn_request, ret_spawned);
}

struct command *
command_new(const struct command_settings *settings, const struct command_request *request,
            const struct command_callbacks *callbacks, void *context, int *ret_error)
{
    struct command *command = calloc(1, sizeof(*command));
    struct spawned spawned;
    int error = -ENOMEM;

    if (command == NULL)
        goto fail;
    command->settings = settings;
    command->callbacks = callbacks;
    command->context = context;
    command->start.fd = -1;
    error = command_spawn(command, request, &spawned);
    if (error != 0)
        goto fail;
    command->pid = spawned.pid;
    command->death = (struct death){.pool = settings->pool,
                                    .pid = spawned.pid,
                                    .program = settings->program,
                                    .directory = settings->attributes->directory};
    error = command_connect(command, &spawned, request->input);
    if (error != 0) {
        kill(-spawned.pid, SIGKILL); // the reaper collects it, watched by nobody
        goto fail;
    }
    command->watch =
        (struct reap_watch){.pid = spawned.pid, .ended = command_ended_cb, .context = command};
    reaper_watch(settings->reaper, &command->watch);
    return command;
fail:
    if (command != NULL)
        command_bury(command);
    *ret_error = error;
    return NULL;
}

// ---- what others may know -------------------------------------------------------------------

void
command_describe(const struct command *command, struct death *ret_death)
{
    *ret_death = command->death;
    ret_death->stderr_tail = capture_tail(command->captures[COMMAND_STDERR]);
    if (!ret_death->usage_known)
        ret_death->usage_known = usage_of(command->pid, &ret_death->usage);
    if (command->cgroup != NULL)
        ret_death->peak_bytes = cgroup_memory_peak(command->cgroup);
}

pid_t
command_pid(const struct command *command)
{
    return command->pid;
}
