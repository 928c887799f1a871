// The pipes to the daemon, kept apart from code that is not ours: 0 and 1 of the process become
// /dev/null and its stderr, so that a plug-in's printf() goes to the log and not into the protocol,
// and nothing that it starts reads the requests.
#ifndef OFFLOAD_BUILTIN_STREAMS_H
#define OFFLOAD_BUILTIN_STREAMS_H

struct streams {
    int input;
    int output;
};

// 0 or a negative errno. Call it once, before any foreign code runs.
int streams_take(struct streams *streams);
void streams_close(struct streams *streams);

#endif
