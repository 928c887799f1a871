// See plugin.h.
#include "builtin/plugin.h"

#include "common/message.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plugin {
    const struct offload_plugin *descriptor;
    void *state;
};

static bool
fault(struct plugin_fault *into, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Always false, for `return`.
static bool
fault(struct plugin_fault *into, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(into->text, sizeof(into->text), format, arguments);
    va_end(arguments);
    return false;
}

// ---- the checks ----------------------------------------------------------------------------

// The daemon refuses these names in its configuration, so nobody could ever call them.
static bool
is_reserved(const char *name)
{
    static const char *const prefixes[] = {"rpc.", "job.", "pool.", "server.", "worker.", "$/"};

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

static bool
check_method(const struct offload_method *methods, size_t index, struct plugin_fault *ret_fault)
{
    const char *name = methods[index].name;

    if (name[0] == '\0' || !message_method_is_plain(span_of(name)))
        return fault(ret_fault,
                     "the name of its method %zu is empty, or has characters other than "
                     "printable ASCII without '\"' and '\\'",
                     index);
    if (is_reserved(name))
        return fault(ret_fault, "its method '%s' has a reserved name", name);
    if (methods[index].run == NULL)
        return fault(ret_fault, "its method '%s' has no function", name);
    for (size_t i = 0; i < index; i++)
        if (strcmp(methods[i].name, name) == 0)
            return fault(ret_fault, "it has two methods '%s'", name);
    return true;
}

static bool
check_descriptor(const struct offload_plugin *descriptor, struct plugin_fault *ret_fault)
{
    const struct offload_method *methods;

    if (descriptor->abi != OFFLOAD_PLUGIN_ABI) // nothing else of it may be looked at
        return fault(ret_fault, "it was built for plug-in ABI %u, and this offload-worker has %u",
                     descriptor->abi, OFFLOAD_PLUGIN_ABI);
    if (descriptor->name == NULL)
        return fault(ret_fault, "it has no name");
    methods = descriptor->methods;
    if (methods == NULL || methods[0].name == NULL)
        return fault(ret_fault, "it has no methods");
    for (size_t i = 0; methods[i].name != NULL; i++)
        if (!check_method(methods, i, ret_fault))
            return false;
    return true;
}

// ---- loading -------------------------------------------------------------------------------

// Most of what dlerror() says begins with the path, which the caller says as well.
static const char *
without_path(const char *problem, const char *path)
{
    size_t length = strlen(path);

    return strncmp(problem, path, length) == 0 && strncmp(problem + length, ": ", 2) == 0
               ? problem + length + 2
               : problem;
}

// Never unloaded: threads that it started and functions that it registered would run into nothing,
// and the process ends right after. A name without a slash would be searched for by dlopen().
static void *
open_object(const char *path, struct plugin_fault *ret_fault)
{
    char *file = NULL;
    void *object;

    if (asprintf(&file, "%s%s", strchr(path, '/') == NULL ? "./" : "", path) < 0) {
        fault(ret_fault, "out of memory");
        return NULL;
    }
    object = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL)
        fault(ret_fault, "%s", without_path(dlerror(), file));
    free(file);
    return object;
}

struct plugin *
plugin_load(const char *path, struct plugin_fault *ret_fault)
{
    void *object = open_object(path, ret_fault);
    const struct offload_plugin *descriptor;

    if (object == NULL)
        return NULL;
    descriptor = dlsym(object, "offload_plugin");
    if (descriptor == NULL) {
        fault(ret_fault, "it exports no 'offload_plugin', so it is no plug-in");
        return NULL;
    }
    return plugin_new(descriptor, ret_fault);
}

static bool
open_plugin(struct plugin *plugin, struct plugin_fault *ret_fault)
{
    const struct offload_plugin *descriptor = plugin->descriptor;
    int error = descriptor->open != NULL ? descriptor->open(&plugin->state) : 0;

    return error == 0 ||
           fault(ret_fault, "plug-in '%s' does not open: %s", descriptor->name, strerror(error));
}

struct plugin *
plugin_new(const struct offload_plugin *descriptor, struct plugin_fault *ret_fault)
{
    struct plugin *plugin;

    if (!check_descriptor(descriptor, ret_fault))
        return NULL;
    plugin = calloc(1, sizeof(*plugin));
    if (plugin == NULL) {
        fault(ret_fault, "out of memory");
        return NULL;
    }
    plugin->descriptor = descriptor;
    json_object_seed(0); // before there are threads: its first call waits for nobody
    if (!open_plugin(plugin, ret_fault)) {
        free(plugin);
        return NULL;
    }
    return plugin;
}

void
plugin_free(struct plugin *plugin)
{
    if (plugin != NULL && plugin->descriptor->close != NULL)
        plugin->descriptor->close(plugin->state);
    free(plugin);
}

// ---- jobs ----------------------------------------------------------------------------------

// NULL if it has none of that name.
static const struct offload_method *
find_method(const struct plugin *plugin, struct span name)
{
    const struct offload_method *methods = plugin->descriptor->methods;

    for (size_t i = 0; methods[i].name != NULL; i++)
        if (span_is(name, methods[i].name))
            return &methods[i];
    return NULL;
}

bool
plugin_has(const struct plugin *plugin, struct span method)
{
    return find_method(plugin, method) != NULL;
}

void
plugin_run(struct plugin *plugin, const struct plugin_call *call, struct job_answer *ret_answer)
{
    const struct offload_method *method = find_method(plugin, call->method);

    *ret_answer = (struct job_answer){0};
    if (method != NULL) {
        plugin_job_run(method, plugin->state, call, ret_answer);
        return;
    }
    job_answer_no_method(ret_answer, call->method);
}
