// The worker's loop: requests from stdin, answers to stdout, a line each; on one thread, or with
// several that share the process's memory. It knows no methods but through jobs.h.
#ifndef OFFLOAD_BUILTIN_SERVE_H
#define OFFLOAD_BUILTIN_SERVE_H

#include <stddef.h>

struct serve_settings {
    unsigned threads; // jobs at once; 1 runs them on the reading thread itself
    size_t line_max;  // bytes
    unsigned depth_max;
};

// Serves until the end of stdin and returns when every answer is written. 0 or a negative errno.
int serve(const struct serve_settings *settings);

#endif
