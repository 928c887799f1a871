// See methods.h.
#include "daemon/methods.h"

#include "common/errors.h"
#include "common/scanner.h"

static json_t *
methods_ping(const struct methods_view *view)
{
    (void)view;
    return json_string("pong");
}

// What will run to its end is told; the rest of the story is that of SIGTERM.
static json_t *
methods_drain(const struct methods_view *view)
{
    struct dispatcher_report report;

    dispatcher_report(view->dispatcher, &report);
    view->drain(view->drain_context);
    return json_pack("{s:s, s:I, s:I}", "state", "draining", "running", (json_int_t)report.running,
                     "queued", (json_int_t)report.queued);
}

static const struct method {
    struct method_info info;
    json_t *(*answer)(const struct methods_view *view); // or, as text:
    char *(*text)(const struct methods_view *view, size_t *ret_length);
    bool guarded; // for a trusted caller only
} table[] = {
    {{"rpc.discover", "Describe every method as an OpenRPC document"}, .text = methods_discover},
    {{"server.drain", "Stop when the running jobs are done"},
     .answer = methods_drain,
     .guarded = true},
    {{"server.ping", "Answer \"pong\""}, .answer = methods_ping},
    {{"server.status", "Report everything counted"}, .answer = methods_status},
};
#define TABLE_SIZE (sizeof(table) / sizeof(table[0]))

const struct method_info *
methods_info(size_t index)
{
    return index < TABLE_SIZE ? &table[index].info : NULL;
}

// None of them takes params.
static bool
has_params(struct span params)
{
    struct scanner scanner;
    enum json_kind kind;
    struct span name;

    scanner_init(&scanner, params, SCANNER_DEPTH_LIMIT);
    if (!span_present(params) || !scanner_peek(&scanner, &kind) || !scanner_enter(&scanner, kind))
        return false;
    return kind == JSON_KIND_OBJECT ? scanner_member(&scanner, &name) : scanner_element(&scanner);
}

static const struct method *
find(struct span name)
{
    for (size_t i = 0; i < TABLE_SIZE; i++)
        if (span_is(name, table[i].info.name))
            return &table[i];
    return NULL;
}

static void
refuse(enum error_code code, struct span data, struct session_reply *ret_reply)
{
    ret_reply->failed = true;
    ret_reply->text = error_object(code, data, &ret_reply->length);
}

char *
methods_dump(const json_t *answer, size_t *ret_length)
{
    char *text = answer != NULL
                     ? json_dumps(answer, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12))
                     : NULL;

    if (text != NULL)
        *ret_length = strlen(text);
    return text;
}

static void
answer(const struct methods_view *view, const struct method *method,
       struct session_reply *ret_reply)
{
    json_auto_t *value = NULL;

    ret_reply->failed = false;
    ret_reply->length = 0;
    if (method->text != NULL) {
        ret_reply->text = method->text(view, &ret_reply->length);
        return;
    }
    value = method->answer(view);
    ret_reply->text = methods_dump(value, &ret_reply->length);
}

bool
methods_call(const struct methods_view *view, struct span name, struct span params,
             struct session_reply *ret_reply)
{
    const struct method *method = find(name);

    if (method == NULL)
        return false;
    if (has_params(params)) {
        refuse(ERROR_INVALID_PARAMS,
               SPAN("{\"member\":\"params\",\"reason\":\"too many\",\"expected\":\"no params\"}"),
               ret_reply);
    } else if (method->guarded && !view->trusted) {
        refuse(ERROR_UNAUTHORISED,
               SPAN("{\"reason\":\"only root and the daemon's own user may, on a Unix socket\"}"),
               ret_reply);
    } else {
        answer(view, method, ret_reply);
    }
    return true;
}
