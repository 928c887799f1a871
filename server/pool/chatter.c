// See chatter.h. A raw descriptor rather than a stream: the tail is bytes, whole lines or not, and
// must be complete at the moment of death.
#include "pool/chatter.h"

#include "common/clock.h"
#include "common/lines.h"
#include "common/log.h"
#include "pool/tail.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES   1024 // of longer ones the beginning is logged
#define LINES_PER_SECOND 50
#define READS_PER_TURN   4
#define READ_SIZE        16384

struct chatter {
    int fd;
    struct event *readable;
    struct lines lines;
    char subject[96];
    int64_t second_us; // when the second that is counted began
    unsigned logged;   // in this second
    unsigned dropped;  // since the last line that was logged
    struct tail tail;
};

static void
chatter_log(struct chatter *chatter, struct span line)
{
    int64_t now_us = clock_us();
    char text[1400];

    if (now_us - chatter->second_us >= 1000000) {
        chatter->second_us = now_us;
        chatter->logged = 0;
    }
    if (chatter->logged >= LINES_PER_SECOND) {
        chatter->dropped++;
        return;
    }
    chatter->logged++;
    if (chatter->dropped > 0)
        log_warning(chatter->subject, "%u lines of its stderr were dropped", chatter->dropped);
    chatter->dropped = 0;
    log_info(chatter->subject, "stderr: %s", log_escape(line, text, sizeof(text)));
}

// Reads once. False when there is nothing more for now, or ever.
static bool
chatter_read(struct chatter *chatter)
{
    size_t size;
    char *room = lines_room(&chatter->lines, READ_SIZE, &size);
    size_t length;
    char *line;
    ssize_t n;

    if (room == NULL)
        return false;
    n = read(chatter->fd, room, size < READ_SIZE ? size : READ_SIZE);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        event_del(chatter->readable);
    if (n <= 0)
        return false;
    tail_add(&chatter->tail, (struct span){.at = room, .length = (size_t)n});
    lines_filled(&chatter->lines, (size_t)n);
    for (;;) {
        switch (lines_next(&chatter->lines, &line, &length)) {
        case LINES_MORE:
            return true;
        case LINES_LINE:
        case LINES_TOO_LONG: // its beginning says enough
            chatter_log(chatter, (struct span){.at = line, .length = length});
            break;
        }
    }
}

static void
chatter_readable_cb(evutil_socket_t fd, short what, void *context)
{
    struct chatter *chatter = context;

    (void)fd;
    (void)what;
    for (int i = 0; i < READS_PER_TURN; i++)
        if (!chatter_read(chatter))
            break;
    lines_shrink(&chatter->lines);
}

struct chatter *
chatter_new(struct event_base *base, int fd, const char *subject)
{
    struct chatter *chatter = calloc(1, sizeof(*chatter));

    if (chatter == NULL)
        return NULL;
    chatter->fd = fd;
    lines_init(&chatter->lines, LINE_MAX_BYTES);
    snprintf(chatter->subject, sizeof(chatter->subject), "%s", subject);
    chatter->readable = event_new(base, fd, EV_READ | EV_PERSIST, chatter_readable_cb, chatter);
    if (chatter->readable == NULL || event_add(chatter->readable, NULL) != 0) {
        if (chatter->readable != NULL)
            event_free(chatter->readable);
        free(chatter);
        return NULL;
    }
    return chatter;
}

void
chatter_free(struct chatter *chatter)
{
    size_t length;
    char *line;

    if (chatter == NULL)
        return;
    if (lines_last(&chatter->lines, &line, &length) == LINES_LINE)
        chatter_log(chatter, (struct span){.at = line, .length = length});
    lines_done(&chatter->lines);
    event_free(chatter->readable);
    close(chatter->fd);
    free(chatter);
}

struct span
chatter_tail(struct chatter *chatter)
{
    for (int i = 0; i < READS_PER_TURN; i++)
        if (!chatter_read(chatter))
            break;
    return tail_text(&chatter->tail);
}
