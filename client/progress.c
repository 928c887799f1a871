// See progress.h. The width of the terminal is asked for each time, so that a new one counts at
// once. The last column stays empty: some terminals go to the next line when it is written to.
#include "client/progress.h"

#include "common/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_AFTER_US   500000
#define LINES_EVERY_US 1000000
#define AGAIN_US       50000
#define COLUMNS        80 // if the terminal does not say
#define ERASE          "\r\033[K"

struct progress {
    enum progress_kind kind;
    struct meter meter;
    int64_t next_line_us;
    bool shown;
    bool hidden; // it was shown, and has to come back
    int64_t drawn_us;
    bool shares; // stdout is a terminal too
    bool colour;
};

static bool
variable_is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0';
}

enum progress_kind
progress_kind(bool lines_wanted, bool bar_unwanted)
{
    const char *terminal = getenv("TERM");

    if (lines_wanted)
        return PROGRESS_LINES;
    if (bar_unwanted || !isatty(STDERR_FILENO) ||
        (terminal != NULL && strcmp(terminal, "dumb") == 0))
        return PROGRESS_NONE;
    return PROGRESS_BAR;
}

struct progress *
progress_new(enum progress_kind kind)
{
    struct progress *progress = calloc(1, sizeof(*progress));

    if (progress == NULL)
        return NULL;
    progress->kind = kind;
    progress->shares = isatty(STDOUT_FILENO);
    progress->colour = !variable_is_set("NO_COLOR");
    meter_start(&progress->meter, clock_us());
    progress->next_line_us = progress->meter.started_us + LINES_EVERY_US;
    return progress;
}

void
progress_free(struct progress *progress)
{
    free(progress);
}

static void
write_text(const char *text)
{
    (void)!write(STDERR_FILENO, text, strlen(text)); // nobody could be told
}

static unsigned
terminal_columns(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return COLUMNS;
    return size.ws_col;
}

// In the background the terminal is somebody else's.
static bool
is_in_front(void)
{
    pid_t front = tcgetpgrp(STDERR_FILENO);

    return front < 0 || front == getpgrp();
}

static void
draw(struct progress *progress, int64_t now_us, const struct meter_counts *counts)
{
    char bar[METER_TEXT_MAX], text[METER_TEXT_MAX + sizeof(ERASE)];

    if (now_us - progress->meter.started_us < BAR_AFTER_US || !is_in_front())
        return;
    meter_bar(&progress->meter, now_us, counts, terminal_columns() - 1, progress->colour, bar);
    snprintf(text, sizeof(text), ERASE "%s", bar);
    write_text(text);
    progress->shown = true;
    progress->hidden = false;
    progress->drawn_us = now_us;
}

static void
write_line(struct progress *progress, int64_t now_us, const struct meter_counts *counts)
{
    char line[METER_TEXT_MAX], text[METER_TEXT_MAX + 1];

    meter_json(&progress->meter, now_us, counts, line);
    snprintf(text, sizeof(text), "%s\n", line);
    write_text(text);
}

void
progress_tick(struct progress *progress, const struct meter_counts *counts)
{
    int64_t now_us = clock_us();

    meter_note(&progress->meter, now_us, counts);
    if (progress->kind == PROGRESS_BAR) {
        draw(progress, now_us, counts);
    } else if (progress->kind == PROGRESS_LINES && now_us >= progress->next_line_us) {
        write_line(progress, now_us, counts);
        progress->next_line_us = now_us + LINES_EVERY_US;
    }
}

void
progress_show(struct progress *progress, const struct meter_counts *counts)
{
    int64_t now_us;

    if (!progress->hidden)
        return;
    now_us = clock_us();
    if (now_us - progress->drawn_us >= AGAIN_US)
        draw(progress, now_us, counts);
}

void
progress_hide_for_errors(struct progress *progress)
{
    if (progress == NULL || !progress->shown)
        return;
    write_text(ERASE);
    progress->shown = false;
    progress->hidden = true;
}

void
progress_hide_for_output(struct progress *progress)
{
    if (progress != NULL && progress->shares)
        progress_hide_for_errors(progress);
}

void
progress_end(struct progress *progress, const struct meter_counts *counts)
{
    if (progress == NULL)
        return;
    progress_hide_for_errors(progress);
    if (progress->kind == PROGRESS_LINES)
        write_line(progress, clock_us(), counts);
}
