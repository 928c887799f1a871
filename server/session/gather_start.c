// How a call of a gather begins: read from the text when its turn has come, then handed to whoever
// does it, like a request with the same members. What is wrong with it is its outcome. See
// gathers.h.
#include "session/gather_internal.h"
#include "session/job_make.h"
#include "session/job_run.h"

#include <stdlib.h>

// ---- jobs -----------------------------------------------------------------------------------

static void
leaf_finished_cb(void *context, const struct outcome *outcome)
{
    struct leaf *leaf = context;
    struct gather *gather = leaf->gather;
    size_t index = leaf->index;

    TAILQ_REMOVE(&gather->leaves, leaf, link);
    free(leaf);
    gather->gathers->under_way--;
    turn_later(gather->gathers->session->settings->turn, &gather->gathers->work);
    gather_put(gather, index, outcome->state != JOB_SUCCEEDED, outcome->body);
}

static void
leaf_progress_cb(void *context, struct span value)
{
    struct leaf *leaf = context;
    struct session *session = leaf->gather->gathers->session;
    size_t length = 0;
    char *error;

    if (!leaf->job->progress || answers_progress(session, leaf->token, value))
        return;
    error = answers_too_large(session, &length);
    dispatcher_fail(session->settings->dispatcher, leaf->job, error, length);
    free(error);
}

static const struct job_sink leaf_sink = {
    .finished = leaf_finished_cb,
    .progress = leaf_progress_cb,
};

static void
start_job(struct gather *gather, size_t index, const struct message *message,
          const struct job_options *options)
{
    struct gathers *gathers = gather->gathers;
    struct leaf *leaf = calloc(1, sizeof(*leaf));
    struct job *job =
        leaf != NULL ? job_make(gather->text, message->params, options, &leaf_sink, leaf) : NULL;

    if (job == NULL) {
        free(leaf);
        gather_put(gather, index, true, (struct span){0});
        return;
    }
    *leaf = (struct leaf){.gather = gather, .index = index, .job = job, .token = options->token};
    job->progress = options->progress && gather_is_heard(gather);
    session_sign(gathers->session, job);
    TAILQ_INSERT_TAIL(&gather->leaves, leaf, link);
    gathers->under_way++;
    dispatcher_submit(gathers->session->settings->dispatcher, message->method, job);
}

// ---- others ---------------------------------------------------------------------------------

static void
start_gather(struct gather *gather, size_t index, const struct message *message,
             const struct job_options *options)
{
    const struct gather_origin origin = {.parent = gather, .index = index};
    size_t length = 0;
    char *error;

    if (!gather_open(gather->gathers, &origin, message, options, &error, &length))
        gather_put_error(gather, index, error, length);
}

static bool
answer_control(struct gather *gather, size_t index, const struct message *message)
{
    struct session *session = gather->gathers->session;
    struct session_reply reply = {0};

    if (!requests_control(session, message, &reply))
        return false;
    gather_put(gather, index, reply.failed,
               (struct span){.at = reply.text, .length = reply.length});
    free(reply.text);
    return true;
}

// ---- reading --------------------------------------------------------------------------------

static bool
read_item(const struct gather_plan *plan, struct span item, struct message *message,
          struct job_options_fault *ret_fault)
{
    if (item.at[0] != '[' && item.at[0] != '{') {
        *ret_fault = (struct job_options_fault){
            .argument = {"params", "an array or an object"},
            .fault = {.member = SPAN("params"), .reason = "wrong type"},
        };
        return false;
    }
    message->method = plan->method;
    message->params = item;
    message->options = plan->options;
    return true;
}

// A call has no id, which could name its progress.
static bool
check_progress(const struct job_options *options, struct job_options_fault *ret_fault)
{
    if (!options->progress || span_present(options->token))
        return true;
    *ret_fault = (struct job_options_fault){
        .argument = {"options.progress", "false, a string or a number, for a call has no id"},
        .fault = {.member = SPAN("options.progress"), .reason = "no token"},
    };
    return false;
}

static bool
read_call(const struct gather_plan *plan, size_t index, struct message *message,
          struct job_options *ret_options, struct job_options_fault *ret_fault)
{
    struct span element = gather_plan_element(plan, index);

    *message = (struct message){.kind = MESSAGE_REQUEST};
    if (plan->map ? !read_item(plan, element, message, ret_fault)
                  : !job_run_read_call(element, message, ret_fault))
        return false;
    if (span_is(message->method, JOB_RUN_METHOD) && !job_run_unwrap(message, ret_fault))
        return false;
    return job_options_parse(message->options, ret_options, ret_fault) &&
           check_progress(ret_options, ret_fault);
}

void
gather_start_next(struct gather *gather)
{
    size_t index = gather_tally_start(&gather->tally);
    struct job_options_fault fault;
    struct job_options options;
    struct message message;
    size_t length = 0;
    char *error;

    if (!read_call(&gather->plan, index, &message, &options, &fault)) {
        error = argument_error(&fault.argument, &fault.fault, &length);
        gather_put_error(gather, index, error, length);
    } else if (gather_plan_is_for(message.method)) {
        start_gather(gather, index, &message, &options);
    } else if (!answer_control(gather, index, &message)) {
        start_job(gather, index, &message, &options);
    }
}
