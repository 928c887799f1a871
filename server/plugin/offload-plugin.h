// offload-plugin.h: jobs of offload written in C or C++, as a shared object that offload-worker
// loads. The manual page is offload-plugin(3); example.c is a complete plug-in. Build one with
//
//     cc -shared -fPIC -o mine.so mine.c $(pkg-config --cflags --libs offload-plugin)
//
// and name it in offloadd.conf(5) as `plugin = /PATH/mine.so`. A plug-in exports one symbol:
//
//     static const struct offload_method methods[] = {{"crc32", run_crc32}, {NULL, NULL}};
//     const struct offload_plugin offload_plugin = {OFFLOAD_PLUGIN_ABI, "mine", methods, NULL,
//     NULL};
//
// Why the worker's functions come as a table with each job, and not as symbols that the worker
// exports: a plug-in then has no undefined symbols (it links with -z defs, and a unit test can give
// it a table of its own), and since the worker exports nothing, no function of a plug-in is ever
// taken for one of the worker's that happens to have the same name.
//
// Rules. A method is called from a thread of the worker, with `threads` > 1 several at once. It
// answers with one of offload_result, offload_result_json and offload_error and returns; the answer
// is sent when it has returned. The job is gone then. What a plug-in writes to standard output
// goes to the log like standard error, and its standard input is empty: the real ones belong to the
// daemon. An exception of C++ must not leave a method. A crash ends the worker with all its jobs.
//
// Functions that can fail return 0 or a negative errno value. JSON text is UTF-8, with its length
// in bytes; it needs no NUL at its end.
#ifndef OFFLOAD_PLUGIN_H
#define OFFLOAD_PLUGIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// The number of this interface. A worker loads only plug-ins that were built for its own number.
#define OFFLOAD_PLUGIN_ABI 1

struct offload_job;

// What the client sees while the job runs.
enum offload_progress_kind {
    OFFLOAD_REPORT, // how far the job is: a later one may replace one that was not sent yet
    OFFLOAD_PARTIAL // a piece of the result: each one arrives, in order
};

// The worker's side. Call these through the functions below.
struct offload_functions {
    void *(*state)(struct offload_job *job);
    const char *(*params)(struct offload_job *job, size_t *ret_length);
    const json_t *(*params_json)(struct offload_job *job);
    bool (*cancelled)(struct offload_job *job);
    int (*progress)(struct offload_job *job, enum offload_progress_kind kind, const char *json,
                    size_t length);
    int (*progress_json)(struct offload_job *job, enum offload_progress_kind kind, json_t *value);
    int (*result)(struct offload_job *job, const char *json, size_t length);
    int (*result_json)(struct offload_job *job, json_t *value);
    int (*error)(struct offload_job *job, int code, const char *message, json_t *data);
};

struct offload_job {
    const struct offload_functions *functions;
};

// A method of the plug-in. The name is that by which clients call it: printable ASCII without
// quotation marks and backslashes, and not one of the reserved names (offloadd.conf(5)).
struct offload_method {
    const char *name;
    void (*run)(struct offload_job *job);
};

// What the worker looks for. All of it must stay as it is while the worker runs.
struct offload_plugin {
    unsigned abi;                         // OFFLOAD_PLUGIN_ABI; first in every version of this file
    const char *name;                     // for the log
    const struct offload_method *methods; // ends with {NULL, NULL}
    // Called once before the first job; may be NULL. What it leaves in *ret_state (NULL before) is
    // given to the methods and to close. Returns 0 or an errno value: then the worker says so and
    // ends with exit status 78, and close is not called.
    int (*open)(void **ret_state);
    // Called once after the last job, when the daemon lets the worker end; may be NULL. A worker
    // that is killed has no time for it.
    void (*close)(void *state);
};

// Every plug-in defines this. (The declaration gives it C's name and makes it visible, whatever the
// language and the compiler's options.)
extern __attribute__((visibility("default"))) const struct offload_plugin offload_plugin;

// What open left.
static inline void *
offload_state(struct offload_job *job)
{
    return job->functions->state(job);
}

// The params as the client wrote them, byte for byte: a JSON array or object that was checked; not
// NUL-terminated; good until the method returns. NULL with length 0 if there were none.
static inline const char *
offload_params(struct offload_job *job, size_t *ret_length)
{
    return job->functions->params(job, ret_length);
}

// The params as jansson values, parsed at the first call; `null` if there were none. They belong to
// the job; take references to keep parts beyond it. NULL if jansson cannot have them (an integer
// beyond 64 bits, "\u0000", more than 262144 values): the job then has its answer, and the method
// has nothing to do but return.
static inline const json_t *
offload_params_json(struct offload_job *job)
{
    return job->functions->params_json(job);
}

// True once nobody wants the job any more: a long one asks now and then, and returns early. If it
// has given no answer, the worker answers -32800 (cancelled) in its place.
static inline bool
offload_cancelled(struct offload_job *job)
{
    return job->functions->cancelled(job);
}

// Sends progress at once: any JSON value, copied. A client that asked for it gets it inside
// {"kind":"report","value":VALUE}, or "partial". This and offload_cancelled may also be called
// from threads that the method has started, until it returns. -EINVAL: not JSON, or nested too
// deeply; -EMSGSIZE: too long for a line; -ENOMEM. Nothing was sent then.
static inline int
offload_progress(struct offload_job *job, enum offload_progress_kind kind, const char *json,
                 size_t length)
{
    return job->functions->progress(job, kind, json, length);
}

// The same from a jansson value, whose reference is taken also on failure, as by
// json_object_set_new(). NULL is -EINVAL.
static inline int
offload_progress_json(struct offload_job *job, enum offload_progress_kind kind, json_t *value)
{
    return job->functions->progress_json(job, kind, value);
}

// Answers with a result: any JSON value, copied. The client gets it byte for byte, but for line
// ends between values, which become spaces. -EINVAL: not JSON, or nested too deeply: the client
// gets an error (-32603) that names the method and says why; -EMSGSIZE: too long for a line: the
// client gets -32004; -ENOMEM: the worker will end; -EALREADY: the job has its answer, which stays.
static inline int
offload_result(struct offload_job *job, const char *json, size_t length)
{
    return job->functions->result(job, json, length);
}

// The same from a jansson value, whose reference is taken in any case. NULL is -EINVAL.
static inline int
offload_result_json(struct offload_job *job, json_t *value)
{
    return job->functions->result_json(job, value);
}

// Answers with an error of JSON-RPC. Codes from -32768 to -32000 have a meaning of their own
// (-32602: the params are wrong); the plug-in's own are outside of that. `message` is text; bytes
// that are not UTF-8 are replaced. `data` may be NULL; its reference is taken in any case. Fails as
// offload_result does.
static inline int
offload_error(struct offload_job *job, int code, const char *message, json_t *data)
{
    return job->functions->error(job, code, message, data);
}

#ifdef __cplusplus
}
#endif

#endif
