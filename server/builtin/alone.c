// A worker of one thread: it reads, works and writes in turn. Two things must not wait for a long
// job: the answers of those before it, and the jobs that were sent ahead behind it. So a long job
// beats (pulse.h): at a beat held answers are written and what waits is given back to the daemon.
#include "builtin/serve_internal.h"
#include "common/clock.h"

#include <string.h>

// After so long a job is not one of the short ones any more whose answers may be held together.
#define LONG_US 300

// Lines above this take long to read already.
#define LARGE_LINE 65536

// Gives back every job that has come and was not begun with.
static void
give_back_waiting(struct service *service)
{
    const struct message *message;
    size_t length;
    char *line;

    for (;;) {
        switch (lines_next(&service->lines, &line, &length)) {
        case LINES_LINE:
            message = service_parse(service, line, length);
            if (message != NULL && message->kind == MESSAGE_REQUEST)
                give_back_add(&service->give_back, message->id);
            break;
        case LINES_TOO_LONG:
            service_answer_error(service, (struct span){0}, ERROR_INVALID_REQUEST);
            break;
        case LINES_MORE:
            if (service->ended || !service_readable(service, 0) || service_read(service) != 0) {
                give_back_send(&service->give_back);
                return;
            }
        }
    }
}

static void
beat(void *context)
{
    struct service *service = context;
    int64_t now_us = clock_us();

    if (now_us < service->look_us)
        return;
    service->look_us = now_us + GIVE_BACK_AFTER_US;
    if (service->returns)
        give_back_waiting(service);
    output_flush(&service->output);
}

// The line that the message came in may be gone before its answer is written: keeps its id. True if
// there is room for that, as there is for the daemon's numbers.
static bool
keep_id(struct message *message, char *room, size_t size)
{
    if (message->id.length > size)
        return false;
    if (message->id.length > 0)
        message->id.at = memcpy(room, message->id.at, message->id.length);
    return true;
}

int
alone_take_line(struct service *service, char *line, size_t length)
{
    static const atomic_bool never;
    const struct pulse pulse = {.beat = beat, .context = service};
    const struct message *parsed;
    struct message message;
    int64_t now_us = clock_us();
    char id[32];

    output_look(&service->output, now_us);
    if (length > LARGE_LINE)
        output_flush(&service->output);
    parsed = service_parse(service, line, length);
    if (parsed == NULL)
        return 0;
    message = *parsed;
    service->returns = service->settings->prefetch && keep_id(&message, id, sizeof(id));
    service->look_us = now_us + LONG_US;
    service_answer(service, &message, &never, &pulse);
    return 0;
}

void
alone_idle(struct service *service)
{
    output_flush(&service->output);
}
