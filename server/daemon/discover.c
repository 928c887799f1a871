// rpc.discover: every method as an OpenRPC 1.2.6 document (https://spec.open-rpc.org).
#include "common/errors.h"
#include "daemon/methods.h"
#include "dispatcher/sleeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EITHER "either" // by name or by position

#define MODE_AND_LIMIT                                                                   \
    "{\"name\":\"mode\",\"schema\":{\"enum\":[\"all\",\"settled\",\"any\",\"first\"]}}," \
    "{\"name\":\"limit\",\"description\":\"how many may be under way at once\","         \
    "\"schema\":{\"type\":\"integer\",\"minimum\":1}}"

// What is known of the built-in methods: params and result as JSON Schema texts.
static const struct known {
    const char *method;
    const char *summary;
    const char *params;
    const char *result;
} known[] = {
    {"echo", "Return the params as they are", "[]", "{}"},
    {SLEEPER_METHOD, "Wait, on the daemon's own loop",
     "[{\"name\":\"delay\",\"required\":true,\"description\":\"" SLEEPER_EXPECTED "\","
     "\"schema\":{\"type\":\"number\",\"minimum\":0,\"maximum\":31536000}}]",
     "{\"type\":\"string\"}"},
    {"sum_squares", "The sum of i*i for 0 <= i < n, by running the loop",
     "[{\"name\":\"n\",\"required\":true,\"description\":\"how many steps\","
     "\"schema\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":4398046511104}}]",
     "{\"type\":\"integer\"}"},
};

// Those that call others.
static const struct known callers[] = {
    {"job.run", "Call a method with options, as a request with these members would",
     "[{\"name\":\"method\",\"required\":true,\"schema\":{\"type\":\"string\"}},"
     "{\"name\":\"params\",\"description\":\"an array or an object\",\"schema\":{}},"
     "{\"name\":\"options\",\"schema\":{\"type\":\"object\"}}]",
     "{}"},
    {"job.quote", "Say what would become of a job if it were sent now",
     "[{\"name\":\"method\",\"required\":true,\"schema\":{\"type\":\"string\"}},"
     "{\"name\":\"params\",\"description\":\"an array or an object\",\"schema\":{}},"
     "{\"name\":\"options\",\"schema\":{\"type\":\"object\"}}]",
     "{\"type\":\"object\"}"},
    {"job.gather", "Call several methods at once and answer when they are over",
     "[{\"name\":\"calls\",\"required\":true,\"description\":\"{method, params, options} each\","
     "\"schema\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}," MODE_AND_LIMIT "]",
     "{}"},
    {"job.map", "Call one method with each of many params and answer when all is over",
     "[{\"name\":\"method\",\"required\":true,\"schema\":{\"type\":\"string\"}},"
     "{\"name\":\"items\",\"required\":true,\"description\":\"params each\","
     "\"schema\":{\"type\":\"array\"}},"
     "{\"name\":\"options\",\"description\":\"of each "
     "call\",\"schema\":{\"type\":\"object\"}}," MODE_AND_LIMIT "]",
     "{}"},
};

static const struct known *
find_known(const char *method)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i].method, method) == 0)
            return &known[i];
    return NULL;
}

// Takes the params.
static json_t *
describe_with(const char *name, const char *summary, json_t *params, const char *result,
              const char *structure)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:{s:s, s:o}}", "name", name, "summary", summary,
                     "paramStructure", structure, "params", params, "result", "name", "result",
                     "schema", json_loads(result, 0, NULL));
}

static json_t *
describe(const char *name, const char *summary, const char *params, const char *result,
         const char *structure)
{
    return describe_with(name, summary, json_loads(params, 0, NULL), result, structure);
}

static json_t *
param_schema(const struct param *param)
{
    switch (param->kind) {
    case PARAM_BOOLEAN:
        return json_pack("{s:s}", "type", "boolean");
    case PARAM_STRING:
        return json_pack("{s:s}", "type", "string");
    case PARAM_NUMBER:
        return json_pack("{s:s, s:i, s:I}", "type", "integer", "minimum", 0, "maximum",
                         (json_int_t)param->most);
    }
    return NULL;
}

// One of the daemon's own.
static json_t *
describe_own(const struct method_info *info)
{
    json_t *params = json_array();

    for (size_t i = 0; i < info->param_count; i++) {
        const struct param *param = &info->params[i];
        json_t *one = json_pack("{s:s, s:s, s:o}", "name", param->name, "description",
                                param->expected, "schema", param_schema(param));

        if (param->required)
            json_object_set_new(one, "required", json_true());
        json_array_append_new(params, one);
    }
    return describe_with(info->name, info->summary, params, "{}", EITHER);
}

static json_t *
describe_route(const struct methods_view *view, const struct route *route)
{
    const struct pool_config *pool = &view->config->pools[route->pool];
    const struct known *what = pool->kind == POOL_BUILTIN ? find_known(route->method) : NULL;
    char summary[160];

    if (what != NULL)
        return describe(route->name, what->summary, what->params, what->result, EITHER);
    snprintf(summary, sizeof(summary), "Served by pool %s", pool->name);
    return describe(route->name, summary, "[]", "{}", EITHER);
}

static json_t *
describe_sleep(void)
{
    const struct known *what = find_known(SLEEPER_METHOD);

    return what != NULL ? describe(what->method, what->summary, what->params, what->result, EITHER)
                        : NULL;
}

static json_t *
discover_methods(const struct methods_view *view)
{
    const struct method_info *info;
    json_t *methods = json_array();
    size_t count;
    const struct route *routes = routes_all(dispatcher_routes(view->dispatcher), &count);

    for (size_t i = 0; i < count; i++)
        if (routes[i].primary)
            json_array_append_new(methods, describe_route(view, &routes[i]));
    json_array_append_new(methods, describe_sleep());
    for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++)
        json_array_append_new(methods, describe(callers[i].method, callers[i].summary,
                                                callers[i].params, callers[i].result, "by-name"));
    for (size_t i = 0; (info = methods_info(i)) != NULL; i++)
        json_array_append_new(methods, describe_own(info));
    return methods;
}

static json_t *
discover_errors(void)
{
    json_t *errors = json_object();
    size_t count;
    const struct error_info *table = error_table(&count);

    for (size_t i = 0; i < count; i++)
        json_object_set_new(
            errors, table[i].name,
            json_pack("{s:i, s:s}", "code", table[i].code, "message", table[i].text));
    return errors;
}

static json_t *
discover(const struct methods_view *view)
{
    return json_pack("{s:s, s:{s:s, s:s}, s:o, s:{s:o}}", "openrpc", "1.2.6", "info", "title",
                     "offload", "version", OFFLOAD_VERSION, "methods", discover_methods(view),
                     "components", "errors", discover_errors());
}

static bool
discovery_renew(struct discovery *discovery, const struct methods_view *view)
{
    json_auto_t *document = discover(view);
    size_t length;
    char *text = methods_dump(document, &length);

    if (text == NULL)
        return false;
    discovery_done(discovery);
    *discovery = (struct discovery){text, length, view->reload.generation};
    return true;
}

char *
methods_discover(const struct methods_view *view, size_t *ret_length)
{
    struct discovery *discovery = view->discovery;
    bool current = discovery->text != NULL && discovery->generation == view->reload.generation;
    char *copy;

    if (!current && !discovery_renew(discovery, view))
        return NULL;
    copy = strndup(discovery->text, discovery->length);
    if (copy != NULL)
        *ret_length = discovery->length;
    return copy;
}

void
discovery_done(struct discovery *discovery)
{
    free(discovery->text);
    discovery->text = NULL;
}
