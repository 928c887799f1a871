// See check_ask.h.
#include "client/check_ask.h"

#include "client/check_params.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

bool
check_send_text(struct check_talk *talk, char *text, size_t length, struct check_verdict *verdict)
{
    bool sent = text != NULL ? check_talk_write(talk, (struct span){text, length}, verdict)
                             : check_skipped(verdict, CHECK_NO_MEMORY);

    free(text);
    return sent;
}

bool
check_send_request(struct check_talk *talk, const struct check_asked *asked,
                   struct check_verdict *verdict)
{
    size_t length;
    char *text = check_talk_request(asked->first, asked->method, asked->params, &length);

    return check_send_text(talk, text, length, verdict);
}

bool
check_send_cancel(struct check_talk *talk, uint64_t id, struct check_verdict *verdict)
{
    char params[40];
    size_t length;
    char *text;

    snprintf(params, sizeof(params), "{\"id\":%" PRIu64 "}", id);
    text = check_talk_notification(SPAN("$/cancelRequest"), span_of(params), &length);
    return check_send_text(talk, text, length, verdict);
}

bool
check_ask_for(struct check_talk *talk, const struct check_asked *asked,
              struct check_verdict *verdict)
{
    if (asked->first == talk->next_id)
        talk->next_id++;
    return check_send_request(talk, asked, verdict) && check_talk_await(talk, asked, verdict);
}

bool
check_ask(struct check_talk *talk, uint64_t id, struct span params, struct check_verdict *verdict)
{
    const struct check_asked asked = {
        .first = id, .count = 1, .method = talk->plan->method, .params = params};

    return check_ask_for(talk, &asked, verdict);
}

bool
check_ask_plainly(struct check_talk *talk, struct check_verdict *verdict)
{
    struct span text = SPAN("\"hello\"");
    struct span params = talk->plan->params;
    char *made = NULL;
    bool good;

    if (!span_present(params))
        params.at = made = check_params(talk->plan, text, &params.length);
    good = check_ask(talk, talk->next_id, params, verdict);
    free(made);
    return good;
}

bool
check_ask_with_text(struct check_talk *talk, struct span text, struct check_verdict *verdict)
{
    struct span params;
    bool good;

    if (!check_talk_open(talk, verdict))
        return false;
    params.at = check_params(talk->plan, text, &params.length);
    if (params.at == NULL)
        return check_skipped(verdict, CHECK_NO_MEMORY);
    good = check_ask(talk, talk->next_id, params, verdict);
    free((char *)params.at);
    if (good && talk->answer.kind == CHECK_LINE_RESULT &&
        check_params_differ(talk->plan, text, talk->answer.result))
        return check_wrong(verdict, "the text came back changed: stdin and stdout are UTF-8");
    return good;
}

// The requests as one text; malloc.
static char *
join_requests(const struct check_asked *asked, size_t *ret_length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_length);
    bool good = true;

    for (unsigned i = 0; out != NULL && i < asked->count; i++) {
        size_t size;
        char *one = check_talk_request(asked->first + i, asked->method, asked->params, &size);

        good = good && one != NULL && fwrite(one, 1, size, out) == size;
        free(one);
    }
    if (out != NULL && fclose(out) == 0 && good)
        return text;
    free(text);
    return NULL;
}

bool
check_ask_at_once(struct check_talk *talk, unsigned count, struct check_verdict *verdict)
{
    const struct check_asked asked = {.first = talk->next_id,
                                      .count = count,
                                      .method = talk->plan->method,
                                      .params = talk->plan->params};
    size_t length = 0;
    char *text;

    if (!check_talk_open(talk, verdict))
        return false;
    talk->next_id += count;
    text = join_requests(&asked, &length);
    return check_send_text(talk, text, length, verdict) && check_talk_await(talk, &asked, verdict);
}
