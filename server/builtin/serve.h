// The worker's loop: requests from stdin, answers to stdout, a line each; on one thread, or with
// several that share the process's memory. It knows no methods but through jobs.h and plugin.h.
#ifndef OFFLOAD_BUILTIN_SERVE_H
#define OFFLOAD_BUILTIN_SERVE_H

#include <stdbool.h>
#include <stddef.h>

struct plugin;
struct streams;

struct serve_settings {
    unsigned threads; // jobs at once; 1 runs them on the reading thread itself
    size_t line_max;  // bytes
    unsigned depth_max;
    bool prefetch; // the daemon takes jobs back: those that would have to wait are returned
    // With a plug-in (borrowed; NULL: the built-in methods) its methods are served, and jobs never
    // run on the reading thread, which is there for their cancels.
    struct plugin *plugin;
    unsigned answer_depth_max;     // nesting of a line that the daemon accepts, for the plug-in
    const struct streams *streams; // where the daemon is; NULL: standard input and output
};

// Serves until the end of its input and returns when every answer is written. 0 or a negative
// errno.
int serve(const struct serve_settings *settings);

#endif
