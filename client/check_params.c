// See check_params.h.
#include "client/check_params.h"

#include "common/message.h"

#include <jansson.h>
#include <string.h>

// The params hold nothing: {} or [].
static bool
is_hollow(struct span params)
{
    for (size_t i = 1; i + 1 < params.length; i++)
        if (strchr(" \t\r\n", params.at[i]) == NULL)
            return false;
    return true;
}

char *
check_params(const struct check_plan *plan, struct span text, size_t *ret_length)
{
    struct span start = SPAN("{"), name = SPAN("\"text\":"), end = SPAN("}");
    struct iovec iov[5];
    bool more = false;

    if (span_present(plan->params)) {
        start = (struct span){plan->params.at, plan->params.length - 1};
        end = (struct span){plan->params.at + plan->params.length - 1, 1};
        more = !is_hollow(plan->params);
        if (plan->params.at[0] == '[')
            name.length = 0;
    }
    iov[0] = (struct iovec){(void *)(uintptr_t)start.at, start.length};
    iov[1] = (struct iovec){(char[]){','}, more};
    iov[2] = (struct iovec){(void *)(uintptr_t)name.at, name.length};
    iov[3] = (struct iovec){(void *)(uintptr_t)text.at, text.length};
    iov[4] = (struct iovec){(void *)(uintptr_t)end.at, end.length};
    return message_join(iov, 5, ret_length);
}

bool
check_params_differ(const struct check_plan *plan, struct span text, struct span result)
{
    json_auto_t *sent = json_loadb(text.at, text.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    json_auto_t *got = json_loadb(result.at, result.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    json_t *back = json_object_get(got, "text");

    return span_is(plan->method, "echo") && json_is_string(back) && !json_equal(back, sent);
}
