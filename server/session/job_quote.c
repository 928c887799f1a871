// See job_quote.h.
#include "session/job_quote.h"

#include "model/forecast.h"
#include "session/job_run.h"
#include "session/session_internal.h"

#include <stdio.h>

static void
fail(struct session_reply *reply, char *error)
{
    reply->failed = true;
    reply->text = error;
}

static void
print(const struct dispatcher_quote *quote, struct session_reply *reply)
{
    const char *quotes = quote->config != NULL ? "\"" : "";
    char wait[FORECAST_TEXT_MAX];
    char run[32] = "null";
    int length;

    if (quote->run_us >= 0)
        snprintf(run, sizeof(run), "%.6f", (double)quote->run_us / 1e6);
    length = asprintf(&reply->text,
                      "{\"pool\":%s%s%s,\"queued\":%zu,\"running\":%zu,\"slots\":%u,"
                      "\"predicted_wait\":%s,\"predicted_run\":%s,\"accepted\":%s}",
                      quotes, quote->config != NULL ? quote->config->name : "null", quotes,
                      quote->queued, quote->running, quote->slots,
                      forecast_text(quote->wait_us, wait), run, quote->accepted ? "true" : "false");
    if (length < 0)
        reply->text = NULL;
    else
        reply->length = (size_t)length;
}

static void
look_ahead(const struct session *session, const struct message *inner,
           const struct job_options *options, struct session_reply *reply)
{
    struct job job = {.params = inner->params,
                      .timeouts = options->timeouts,
                      .priority = options->priority,
                      .delay_us = options->delay_us,
                      .max_wait_us = options->max_wait_us};
    struct dispatcher_quote quote;

    session_sign(session, &job);
    if (dispatcher_quote(session->settings->dispatcher, inner->method, &job, &quote))
        print(&quote, reply);
    else
        fail(reply, error_object_method(inner->method, &reply->length));
}

bool
job_quote(const struct session *session, const struct message *message,
          struct session_reply *ret_reply)
{
    struct message inner = *message;
    struct job_options_fault fault;
    struct job_options options;

    if (!span_is(message->method, JOB_QUOTE_METHOD))
        return false;
    *ret_reply = (struct session_reply){.text = NULL};
    if (job_run_unwrap(&inner, &fault) && job_options_parse(inner.options, &options, &fault))
        look_ahead(session, &inner, &options, ret_reply);
    else
        fail(ret_reply, argument_error(&fault.argument, &fault.fault, &ret_reply->length));
    return true;
}
