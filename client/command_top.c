// offload top: what the daemon is doing, on the whole terminal and again and again. Puts together
// what others know: the watch (daemon), the view (keys), the layout (text) and the screen
// (terminal).
#include "client/command.h"
#include "client/loop.h"
#include "client/options.h"
#include "client/report.h"
#include "client/screen.h"
#include "client/top_layout.h"
#include "client/watch.h"
#include "common/errors.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INTERVAL_US       1000000
#define INTERVAL_LEAST_US 100000

#define ALARMS_MAX 8

struct top {
    struct event_base *base;
    struct watch *watch;
    struct screen *screen;
    struct loop_alarm *alarms[ALARMS_MAX];
    size_t alarm_count;
    struct status *status; // NULL: none yet
    struct top_view view;
    char doing[256]; // the last thing that was asked for
    char message[512];
    int exit_status;
};

static void
draw(struct top *top)
{
    const struct top_notice notice = {
        .trouble = watch_trouble(top->watch),
        .message = top->message[0] != '\0' ? top->message : NULL,
    };
    size_t rows, columns;
    struct page page;

    if (top->screen == NULL)
        return;
    screen_size(top->screen, &rows, &columns);
    top_layout(&top->view, top->status, &notice, rows, columns, &page);
    screen_show(top->screen, &page);
    page_done(&page);
}

static void
end(struct top *top, int exit_status)
{
    top->exit_status = exit_status;
    loop_stop(top->base);
}

// ---- the daemon ------------------------------------------------------------------------------

static void
status_cb(void *context, struct span document)
{
    struct top *top = context;
    struct status *status;

    switch (status_read(document, &status)) {
    case 0:
        break;
    case -EPROTO:
        snprintf(top->message, sizeof(top->message), "the daemon's answer is no status");
        draw(top);
        return;
    default:
        return; // no memory; the next one may have more luck
    }
    if (top->status != NULL)
        status_compare(status, top->status);
    if (!top_view_take(&top->view, status, top->status)) {
        status_free(status);
        return;
    }
    status_free(top->status);
    top->status = status;
    draw(top);
}

static void
trouble_cb(void *context)
{
    draw(context);
}

static const struct watch_events watch_events = {.status = status_cb, .trouble = trouble_cb};

// ---- doing something -------------------------------------------------------------------------

static void
done_cb(void *context, const struct offload_reply *reply)
{
    struct top *top = context;
    char *text = NULL;

    if (reply->outcome == OFFLOAD_ERROR)
        text = report_error_text((struct span){reply->json, reply->length});
    else if (reply->outcome == OFFLOAD_RESULT)
        text = strdup("done");
    snprintf(top->message, sizeof(top->message), "%s: %s", top->doing,
             text != NULL ? text : "no answer");
    free(text);
    watch_ask(top->watch);
    draw(top);
}

static void
call(struct top *top, const char *method, json_t *params)
{
    char *text = params != NULL ? json_dumps(params, JSON_COMPACT) : NULL;
    const struct offload_call wanted = {
        .method = method, .params = text, .reply = done_cb, .context = top};
    int error = text != NULL ? watch_call(top->watch, &wanted) : -ENOMEM;

    if (error != 0)
        snprintf(top->message, sizeof(top->message), "%s: %s", top->doing, strerror(-error));
    free(text);
    json_decref(params);
}

static void
act(struct top *top, enum top_act act)
{
    const struct top_target *target = &top->view.target;

    switch (act) {
    case TOP_QUIT:
        end(top, 0);
        break;
    case TOP_ASK:
        watch_ask(top->watch);
        break;
    case TOP_REDRAW:
        screen_redraw(top->screen);
        break;
    case TOP_PAUSE:
    case TOP_RESUME:
        snprintf(top->doing, sizeof(top->doing), "%s pool %s",
                 act == TOP_PAUSE ? "pause" : "resume", target->pool);
        call(top, act == TOP_PAUSE ? "pool.pause" : "pool.resume",
             json_pack("{s:s}", "pool", target->pool));
        break;
    case TOP_KILL:
        snprintf(top->doing, sizeof(top->doing), "kill worker %ld of pool %s", target->pid,
                 target->pool);
        call(top, "worker.kill",
             json_pack("{s:s, s:I, s:I}", "pool", target->pool, "slot", (json_int_t)target->slot,
                       "pid", (json_int_t)target->pid));
        break;
    default:
        break;
    }
}

static void
key_cb(void *context)
{
    struct top *top = context;
    int key;

    while ((key = screen_key(top->screen)) > 0) {
        top->message[0] = '\0';
        act(top, top_view_key(&top->view, top->status, key));
    }
    if (key < 0)
        end(top, 256 + SIGHUP); // nobody is left who could look
    draw(top);
}

// ---- signals ---------------------------------------------------------------------------------

static void
interrupt_cb(void *context)
{
    end(context, 256 + SIGINT);
}

static void
quit_cb(void *context)
{
    end(context, 256 + SIGQUIT);
}

static void
terminate_cb(void *context)
{
    end(context, 256 + SIGTERM);
}

static void
hang_up_cb(void *context)
{
    end(context, 256 + SIGHUP);
}

static void
resize_cb(void *context)
{
    draw(context);
}

static void
continue_cb(void *context)
{
    struct top *top = context;

    screen_return(top->screen);
    draw(top);
}

// The kernel does not stop a process whom nobody could let go on again; then this returns at once.
static void
stop_cb(void *context)
{
    struct top *top = context;
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    struct sigaction ours;

    screen_leave(top->screen);
    sigaction(SIGTSTP, &standard, &ours);
    raise(SIGTSTP);
    sigaction(SIGTSTP, &ours, NULL);
    continue_cb(top);
}

static const struct {
    int number;
    void (*came)(void *context);
} signals[] = {
    {SIGINT, interrupt_cb}, {SIGQUIT, quit_cb},     {SIGTERM, terminate_cb}, {SIGHUP, hang_up_cb},
    {SIGWINCH, resize_cb},  {SIGCONT, continue_cb}, {SIGTSTP, stop_cb},
};

static bool
add_alarm(struct top *top, struct loop_alarm *alarm)
{
    if (alarm != NULL)
        top->alarms[top->alarm_count++] = alarm;
    return alarm != NULL;
}

static bool
watch_signals(struct top *top)
{
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (!add_alarm(top, loop_signal_new(top->base, signals[i].number, signals[i].came, top)))
            return false;
    return true;
}

// ---- the whole -------------------------------------------------------------------------------

static int
refuse_terminal(void)
{
    const char *kind = getenv("TERM");

    report_problem(
        "top cannot use this terminal (TERM is '%s'); 'offload status' says the same once",
        kind != NULL ? kind : "");
    return EXIT_STATUS_USAGE;
}

// Between the first and the last line of this the terminal is ours.
static int
show(struct top *top)
{
    if (!watch_signals(top))
        return report_no_memory();
    top->screen = screen_open();
    if (top->screen == NULL)
        return refuse_terminal();
    if (add_alarm(top, loop_reader_new(top->base, STDIN_FILENO, key_cb, top))) {
        draw(top);
        loop_run(top->base);
    } else {
        top->exit_status = REPORT_STATUS_MEMORY;
    }
    screen_close(top->screen);
    top->screen = NULL;
    if (top->exit_status == REPORT_STATUS_MEMORY)
        return report_no_memory();
    return top->exit_status;
}

static int
run(const struct options *options, int64_t interval_us)
{
    struct top top = {.base = loop_new()};
    int status = top.base != NULL ? 0 : report_no_memory();

    top_view_init(&top.view);
    if (status == 0)
        status = watch_open(options, top.base, interval_us, &watch_events, &top, &top.watch);
    if (status == 0)
        status = show(&top);
    while (top.alarm_count > 0)
        loop_alarm_free(top.alarms[--top.alarm_count]);
    watch_close(top.watch);
    top_view_done(&top.view);
    status_free(top.status);
    loop_free(top.base);
    return status;
}

int
command_top(const struct options *options)
{
    int64_t interval_us = options->interval_us > 0 ? options->interval_us : INTERVAL_US;

    if (interval_us < INTERVAL_LEAST_US) {
        report_problem("--interval takes at least 0.1 seconds");
        return EXIT_STATUS_USAGE;
    }
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        report_problem("top needs a terminal; 'offload status' says the same once");
        return EXIT_STATUS_USAGE;
    }
    return run(options, interval_us);
}
