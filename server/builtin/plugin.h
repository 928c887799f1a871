// A plug-in in the worker: a shared object with a table of methods (plugin/offload-plugin.h). Loads
// and checks it, and finds the method of a job. Knows neither pipes nor threads.
#ifndef OFFLOAD_BUILTIN_PLUGIN_H
#define OFFLOAD_BUILTIN_PLUGIN_H

#include "builtin/plugin_job.h"

struct plugin;

// A sentence about what is wrong with a plug-in, for its author.
struct plugin_fault {
    char text[512];
};

// Loads the shared object and makes a plug-in of what it exports. NULL with *ret_fault filled if it
// cannot be used. A path without a slash is a file in the working directory.
struct plugin *plugin_load(const char *path, struct plugin_fault *ret_fault);

// Checks the descriptor, which stays borrowed, and opens the plug-in. NULL with *ret_fault filled
// if it cannot be used.
struct plugin *plugin_new(const struct offload_plugin *descriptor, struct plugin_fault *ret_fault);

bool plugin_has(const struct plugin *plugin, struct span method);

// Runs the method. An unknown one answers -32601. May be called from several threads.
void
plugin_run(struct plugin *plugin, const struct plugin_call *call, struct job_answer *ret_answer);

// No job runs any more. NULL is accepted.
void plugin_free(struct plugin *plugin);

#endif
