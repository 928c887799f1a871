// What the files of the worker's loop share: serve.c (input, and what a line means), alone.c (jobs
// on the reading thread itself), threads.c (jobs on threads of their own). For nobody else.
#ifndef OFFLOAD_BUILTIN_SERVE_INTERNAL_H
#define OFFLOAD_BUILTIN_SERVE_INTERNAL_H

#include "builtin/give_back.h"
#include "builtin/output.h"
#include "builtin/pulse.h"
#include "builtin/serve.h"
#include "builtin/tasks.h"
#include "common/errors.h"
#include "common/lines.h"
#include "common/message.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct service {
    const struct serve_settings *settings;
    int input;
    bool ended; // nothing more will come
    struct lines lines;
    struct output output;
    struct give_back give_back;
    struct messages messages; // the reading thread's
    struct tasks tasks;       // threads.c
    int64_t look_us;          // alone.c: when the running job lets us look up next
    bool returns;             // alone.c: what waits behind it may be given back
};

// serve.c
void service_answer_error(struct service *service, struct span id, enum error_code code);
void service_answer(struct service *service, const struct message *message,
                    const atomic_bool *cancelled, const struct pulse *pulse);
// The job of a line; NULL if it is none and has been answered.
const struct message *service_parse(struct service *service, char *line, size_t length);
// Reads what there is, or waits for it, into the lines. 0 or a negative errno.
int service_read(struct service *service);
bool service_readable(const struct service *service, int timeout_ms);

// alone.c
int alone_take_line(struct service *service, char *line, size_t length);
void alone_idle(struct service *service); // before it waits for more

// threads.c
int threads_take_line(struct service *service, char *line, size_t length);
void threads_idle(struct service *service);
int threads_start(struct service *service, pthread_t **ret_threads, unsigned *ret_started);
void threads_finish(struct service *service, pthread_t *threads, unsigned started);

#endif
