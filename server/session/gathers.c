// See gathers.h. This file is the life of gathers, from being made to being answered; how a call
// begins is in gather_start.c.
#include "common/clock.h"
#include "session/gather_internal.h"
#include "session/job_make.h"

#include <stdlib.h>

static const struct limits *
limits_of(const struct gathers *gathers)
{
    return &gathers->session->settings->config->limits;
}

static struct dispatcher *
dispatcher_of(const struct gathers *gathers)
{
    return gathers->session->settings->dispatcher;
}

// ---- states ---------------------------------------------------------------------------------

static struct gather_list *
list_of(struct gathers *gathers, enum gather_state state)
{
    switch (state) {
    case GATHER_READY:
        return &gathers->ready;
    case GATHER_DECIDED:
        return &gathers->decided;
    case GATHER_DEAD:
        return &gathers->dead;
    case GATHER_WAITING:
        return NULL;
    }
    return NULL;
}

static void
gather_set_state(struct gather *gather, enum gather_state state)
{
    struct gathers *gathers = gather->gathers;
    struct gather_list *from = list_of(gathers, gather->state);
    struct gather_list *to = list_of(gathers, state);

    if (from != NULL)
        TAILQ_REMOVE(from, gather, link);
    if (to != NULL) {
        TAILQ_INSERT_TAIL(to, gather, link);
        turn_later(gathers->session->settings->turn, &gathers->work);
    }
    gather->state = state;
}

// Brings state and account in line with the tally. One that is ready goes behind the others.
static void
gather_update(struct gather *gather)
{
    size_t holds = gather_plan_size(&gather->plan) + gather_tally_size(&gather->tally);

    gather->gathers->session->held += holds - gather->held;
    gather->held = holds;
    if (gather->state == GATHER_DEAD)
        return;
    if (gather->tally.decided)
        gather_set_state(gather, GATHER_DECIDED);
    else if (gather_tally_may_start(&gather->tally))
        gather_set_state(gather, GATHER_READY);
    else
        gather_set_state(gather, GATHER_WAITING);
}

// ---- what comes of calls --------------------------------------------------------------------

static void
gather_fail_too_large(struct gather *gather)
{
    size_t length = 0;
    char *error = answers_too_large(gather->gathers->session, &length);

    gather_tally_fail(&gather->tally, error, length);
}

void
gather_put(struct gather *gather, size_t index, bool failed, struct span body)
{
    struct session *session = gather->gathers->session;

    if (gather->state == GATHER_DEAD || gather->tally.decided)
        return; // it is not wanted any more
    gather->job->heard_us = clock_us();
    if (!answers_have_room(session, body.length) ||
        (gather->progress && body.at != NULL &&
         !answers_partial(session, gather->token, index, failed, body)))
        gather_fail_too_large(gather);
    else if (gather->state != GATHER_DEAD && // the session may have been closed by now
             (body.at == NULL || gather_tally_put(&gather->tally, index, failed, body) != 0))
        gather_tally_fail(&gather->tally, NULL, 0);
    gather_update(gather);
}

void
gather_put_error(struct gather *gather, size_t index, char *error, size_t length)
{
    gather_put(gather, index, true, (struct span){.at = error, .length = length});
    free(error);
}

bool
gather_is_heard(const struct gather *gather)
{
    while (gather->parent != NULL)
        gather = gather->parent;
    return span_present(gather->call->id); // a notification is not
}

// ---- the end --------------------------------------------------------------------------------

static void
gather_drop_leaf(struct gather *gather, struct leaf *leaf)
{
    TAILQ_REMOVE(&gather->leaves, leaf, link);
    gather->gathers->under_way--;
    dispatcher_abandon(dispatcher_of(gather->gathers), leaf->job);
    free(leaf);
}

// Stops what is under way in it. Its own job is the caller's affair.
static void
gather_end(struct gather *gather)
{
    struct gathers *gathers = gather->gathers;
    struct gather *child;
    struct leaf *leaf;

    TAILQ_REMOVE(gather->parent != NULL ? &gather->parent->children : &gathers->roots, gather,
                 sibling);
    gather_set_state(gather, GATHER_DEAD);
    while ((leaf = TAILQ_FIRST(&gather->leaves)) != NULL)
        gather_drop_leaf(gather, leaf);
    while ((child = TAILQ_FIRST(&gather->children)) != NULL) {
        dispatcher_abandon(dispatcher_of(gathers), child->job);
        gather_end(child);
    }
    gather_tally_done(&gather->tally);
    gather_plan_done(&gather->plan);
    gather_update(gather);
    shared_text_release(gather->text);
}

// The sink of its job: it was answered, cancelled, timed out or refused.
static void
gather_finished_cb(void *context, const struct outcome *outcome)
{
    struct gather *gather = context;

    gather_end(gather);
    if (gather->parent != NULL)
        gather_put(gather->parent, gather->index, outcome->state != JOB_SUCCEEDED, outcome->body);
    else
        answers_finished_cb(gather->call, outcome);
}

// Gives the answer that is due.
static void
gather_settle(struct gather *gather)
{
    struct dispatcher *dispatcher = dispatcher_of(gather->gathers);
    struct outcome outcome = {.ended_us = 0};
    bool failed;
    char *body = gather_tally_answer(&gather->tally, &failed, &outcome.body.length);

    gather_update(gather); // what was held is in the body now
    outcome.state = failed || body == NULL ? JOB_FAILED : JOB_SUCCEEDED;
    outcome.body.at = body;
    dispatcher_finish(dispatcher, gather->job, &outcome);
    free(body);
}

// ---- the beginning --------------------------------------------------------------------------

static const struct job_sink gather_sink = {.finished = gather_finished_cb};

static char *
limit_error(const char *limit, size_t max, size_t *ret_length)
{
    return error_object_format(ERROR_INVALID_REQUEST, ret_length, "{\"limit\":\"%s\",\"max\":%zu}",
                               limit, max);
}

static char *
plan_error(const struct limits *limits, enum gather_plan_status status,
           const struct job_options_fault *fault, size_t *ret_length)
{
    if (status == GATHER_PLAN_FAULT)
        return argument_error(&fault->argument, &fault->fault, ret_length);
    if (status == GATHER_PLAN_TOO_MANY)
        return limit_error("gather-max", limits->gather_max, ret_length);
    return NULL;
}

static void
gather_discard(struct gather *gather)
{
    gather_tally_done(&gather->tally);
    gather_plan_done(&gather->plan);
    shared_text_release(gather->text);
    free(gather);
}

// A gather that is nobody's yet, with its text and its plan.
static struct gather *
gather_new(struct gathers *gathers, const struct gather_origin *origin,
           const struct message *message, char **ret_error, size_t *ret_length)
{
    const struct limits *limits = limits_of(gathers);
    struct gather *gather = calloc(1, sizeof(*gather));
    struct span params = message->params;
    enum gather_plan_status status = GATHER_PLAN_NO_MEMORY;
    struct job_options_fault fault;

    *ret_error = NULL;
    if (gather == NULL)
        return NULL;
    gather->text =
        origin->parent != NULL ? shared_text_hold(origin->parent->text) : shared_text_new(params);
    if (gather->text != NULL && origin->parent == NULL && span_present(params))
        params.at = shared_text_at(gather->text);
    if (gather->text != NULL)
        status =
            gather_plan_parse(&gather->plan, message->method, params, limits->gather_max, &fault);
    if (status == GATHER_PLAN_OK && gather_tally_init(&gather->tally, gather->plan.mode,
                                                      gather->plan.count, gather->plan.limit) == 0)
        return gather;
    *ret_error = plan_error(limits, status, &fault, ret_length);
    gather_discard(gather);
    return NULL;
}

// Makes a root the session's call. False when out of memory.
static bool
gather_bind(struct gather *gather, const struct message *message,
            const struct address_of_answer *to, const struct job_options *options)
{
    struct session *session = gather->gathers->session;
    struct call *call =
        calls_add(&session->calls, message->id, options->token, shared_text_length(gather->text));

    if (call == NULL)
        return false;
    call->session = session;
    call->batch = to->batch;
    call->index = to->index;
    call->job = gather->job;
    gather->call = call;
    gather->token = span_present(call->token) ? call->token : call->id;
    return true;
}

// Its job, and what it is bound to. False when out of memory.
static bool
gather_connect(struct gather *gather, const struct gather_origin *origin,
               const struct message *message, const struct job_options *options)
{
    // The text counts once, as the params of the root.
    struct span params = origin->parent == NULL ? gather->plan.text : (struct span){0};

    gather->depth = origin->parent != NULL ? origin->parent->depth + 1 : 1;
    gather->parent = origin->parent;
    gather->index = origin->index;
    gather->token = options->token;
    gather->job = job_make(gather->text, params, options, &gather_sink, gather);
    if (gather->job == NULL)
        return false;
    if (gather->parent == NULL && !gather_bind(gather, message, origin->to, options)) {
        job_free(gather->job);
        return false;
    }
    gather->progress = options->progress && gather_is_heard(gather);
    return true;
}

// Puts it among the others. One within another goes before all that are ready, so that what was
// opened is worked at before more is opened.
static void
gather_link(struct gather *gather)
{
    struct gathers *gathers = gather->gathers;

    TAILQ_INIT(&gather->children);
    TAILQ_INIT(&gather->leaves);
    TAILQ_INSERT_TAIL(gather->parent != NULL ? &gather->parent->children : &gathers->roots, gather,
                      sibling);
    gather_update(gather);
    if (gather->state == GATHER_READY && gather->parent != NULL) {
        TAILQ_REMOVE(&gathers->ready, gather, link);
        TAILQ_INSERT_HEAD(&gathers->ready, gather, link);
    }
}

// It waits in no pool; its calls do, and have options of their own.
static bool
check_options(const struct job_options *options, struct job_options_fault *ret_fault)
{
    const char *member = options->priority != 0                 ? "options.priority"
                         : options->delay_us != 0               ? "options.delay"
                         : options->max_wait_us != JOB_WAIT_ANY ? "options.max_wait"
                                                                : NULL;

    if (member == NULL)
        return true;
    *ret_fault = (struct job_options_fault){
        .argument = {member, "it in the options of each call"},
        .fault = {.member = span_of(member), .reason = "not for the whole"},
    };
    return false;
}

bool
gather_open(struct gathers *gathers, const struct gather_origin *origin,
            const struct message *message, const struct job_options *options, char **ret_error,
            size_t *ret_length)
{
    const struct limits *limits = limits_of(gathers);
    struct job_options_fault fault;
    struct gather *gather;

    if (!check_options(options, &fault)) {
        *ret_error = argument_error(&fault.argument, &fault.fault, ret_length);
        return false;
    }
    if (origin->parent != NULL && origin->parent->depth >= limits->gather_depth_max) {
        *ret_error = limit_error("gather-depth-max", limits->gather_depth_max, ret_length);
        return false;
    }
    gather = gather_new(gathers, origin, message, ret_error, ret_length);
    if (gather == NULL)
        return false;
    gather->gathers = gathers;
    if (!gather_connect(gather, origin, message, options)) {
        gather_discard(gather);
        return false;
    }
    gather_link(gather);
    dispatcher_hold(dispatcher_of(gathers), gather->job);
    return true;
}

void
gathers_take(struct session *session, const struct message *message,
             const struct address_of_answer *to, const struct job_options *options)
{
    const struct gather_origin origin = {.to = to};
    size_t length = 0;
    char *error;

    if (gather_open(&session->gathers, &origin, message, options, &error, &length))
        return;
    if (message->kind != MESSAGE_REQUEST)
        ; // never answered
    else if (error != NULL)
        answers_write(session, to, true, (struct span){.at = error, .length = length});
    else
        answers_error(session, to, ERROR_BUSY, SPAN("{\"reason\":\"out of memory\"}"));
    free(error);
}

// ---- the work of a turn ---------------------------------------------------------------------

// One thing that is to be done; false if there is none.
static bool
gathers_step(struct gathers *gathers)
{
    struct gather *gather;

    if (gathers->session->closed)
        return false;
    if ((gather = TAILQ_FIRST(&gathers->decided)) != NULL) {
        gather_settle(gather);
        return true;
    }
    if (gathers->under_way >= limits_of(gathers)->in_flight_max ||
        (gather = TAILQ_FIRST(&gathers->ready)) == NULL)
        return false;
    gather_start_next(gather);
    gather_update(gather);
    return true;
}

static void
gathers_bury(struct gathers *gathers)
{
    struct gather *gather;

    while ((gather = TAILQ_FIRST(&gathers->dead)) != NULL) {
        TAILQ_REMOVE(&gathers->dead, gather, link);
        free(gather);
    }
}

static void
gathers_work(void *context)
{
    struct gathers *gathers = context;
    bool more = true;

    for (int i = 0; i < GATHERS_STARTS_PER_TURN && more; i++)
        more = gathers_step(gathers);
    gathers_bury(gathers);
    if (more)
        turn_later(gathers->session->settings->turn, &gathers->work);
    session_update(gathers->session);
}

void
gathers_init(struct gathers *gathers, struct session *session)
{
    gathers->session = session;
    turn_task_init(&gathers->work, gathers_work, gathers);
    TAILQ_INIT(&gathers->roots);
    TAILQ_INIT(&gathers->ready);
    TAILQ_INIT(&gathers->decided);
    TAILQ_INIT(&gathers->dead);
    gathers->under_way = 0;
}

void
gathers_close(struct gathers *gathers)
{
    struct gather *gather;

    while ((gather = TAILQ_FIRST(&gathers->roots)) != NULL)
        gather_end(gather);
}

void
gathers_done(struct gathers *gathers)
{
    turn_cancel(&gathers->work);
    gathers_bury(gathers);
}
