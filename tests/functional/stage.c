// See stage.h.
#include "stage.h"

#include "assertions.h"

#include <stdio.h>
#include <sys/wait.h>

const char *const stage_utf8[] = {"LC_ALL=C.UTF-8", NULL};

void
stage_set(struct fixture *fixture, struct stage *stage, const char *document)
{
    char path[108];

    snprintf(path, sizeof(path), "%s/played", fixture->daemon.folder);
    snprintf(stage->address, sizeof(stage->address), "unix:%s", path);
    stage->pretender = pretender_new(path);
    pretender_set_status(stage->pretender, document);
}

void
stage_start(struct stage *stage, unsigned rows, unsigned columns, const char *const environment[])
{
    screen_start(
        &stage->screen, rows, columns, OFFLOAD_PROGRAM,
        (const char *const[]){"--server", stage->address, "top", "--interval", "0.1", NULL},
        environment);
}

void
stage_begin(struct fixture *fixture, struct stage *stage, const char *document)
{
    stage_set(fixture, stage, document);
    stage_start(stage, 24, 80, stage_utf8);
}

// The first figures are to be seen, all of them: the last row is written last.
void
stage_await_drawn(struct stage *stage)
{
    screen_await_row(&stage->screen, 23, "q quit  ? help  worker 1/2  " STAGE_KEYS);
}

void
stage_expect_exit(struct stage *stage, int status)
{
    screen_wait(&stage->screen);
    if (!WIFEXITED(stage->screen.status) || WEXITSTATUS(stage->screen.status) != status)
        fail_msg("wait status %x, expected the exit status %d: %s", stage->screen.status, status,
                 stage->screen.raw);
    screen_expect_restored(&stage->screen);
}

void
stage_end(struct stage *stage)
{
    screen_done(&stage->screen);
    pretender_free(stage->pretender);
}

void
stage_quit(struct stage *stage)
{
    screen_type(&stage->screen, "q");
    stage_expect_exit(stage, 0);
    stage_end(stage);
}
