// One real process of a job command, and what it told its owner: pieces that make up the output,
// one end. After it no child, no descriptor and no memory is left.
#ifndef OFFLOAD_TESTS_UNIT_POOL_COMMAND_FIXTURE_H
#define OFFLOAD_TESTS_UNIT_POOL_COMMAND_FIXTURE_H

#include "pool/command.h"
#include "pool/text.h"
#include "tests/unit/loop.h"
#include "tests/unit/temporary.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

struct piece_text {
    char *bytes;
    size_t length;
    size_t pieces;
};

struct fixture {
    size_t descriptors; // before
    struct loop loop;
    struct temporary temporary;
    struct command_settings settings;
    struct command *command;
    struct piece_text told[COMMAND_STREAM_COUNT]; // piece by piece
    struct piece_text kept[COMMAND_STREAM_COUNT]; // in the result
    struct command_result result;                 // its texts are not good any more
    char summary[DEATH_SUMMARY_MAX];
    char tail[5000];
    bool kill_at_first_piece;
    int ended;
};

static inline size_t
count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static inline void
piece_text_add(struct piece_text *text, struct span bytes)
{
    text->bytes = realloc(text->bytes, text->length + bytes.length + 1);
    assert_non_null(text->bytes);
    memcpy(text->bytes + text->length, bytes.at, bytes.length);
    text->length += bytes.length;
    text->bytes[text->length] = '\0';
    text->pieces++;
}

static inline void
output_cb(void *context, struct command *command, enum command_stream stream, struct span bytes)
{
    struct fixture *fixture = context;

    assert_int_equal(fixture->ended, 0);
    assert_ptr_equal(command, fixture->command);
    assert_true(bytes.length > 0);
    piece_text_add(&fixture->told[stream], bytes);
    if (fixture->kill_at_first_piece)
        command_kill(command);
}

static inline void
ended_cb(void *context, struct command *command, const struct command_result *result)
{
    struct fixture *fixture = context;

    assert_ptr_equal(command, fixture->command);
    fixture->ended++;
    fixture->result = *result;
    certificate_summary(&result->death, fixture->summary, sizeof(fixture->summary));
    snprintf(fixture->tail, sizeof(fixture->tail), "%.*s", (int)result->death.stderr_tail.length,
             result->death.stderr_tail.at);
    for (int i = 0; i < COMMAND_STREAM_COUNT; i++)
        piece_text_add(&fixture->kept[i], result->output[i].bytes);
    command_terminate(command); // too late, and no harm
    command_kill(command);
}

static const struct command_callbacks command_callbacks = {.output = output_cb, .ended = ended_cb};
static const struct spawn_attributes command_attributes;
static char *const command_environment[] = {(char *)"PATH=/usr/bin:/bin", NULL};

static inline void
fixture_open(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    signal(SIGPIPE, SIG_IGN); // as in the daemon
    fixture->descriptors = count_descriptors();
    loop_open(&fixture->loop);
    temporary_open(&fixture->temporary);
    fixture->settings = (struct command_settings){
        .base = fixture->loop.base,
        .turn = fixture->loop.turn,
        .reaper = reaper_new(fixture->loop.base),
        .pool = "test",
        .program = "the program",
        .kill_delay_us = 10000000,
        .output_max = 8 << 20,
        .attributes = &command_attributes,
    };
}

static inline void
fixture_start(struct fixture *fixture, char *const *argv, struct span input)
{
    struct command_request request = {.argv = argv, .envp = command_environment, .input = input};
    int error = 0;

    fixture->command =
        command_new(&fixture->settings, &request, &command_callbacks, fixture, &error);
    assert_non_null(fixture->command);
    assert_int_equal(fixture->ended, 0);
}

// A script of the shell; $1 is the temporary folder.
static inline void
fixture_start_script(struct fixture *fixture, const char *script, struct span input)
{
    char *argv[] = {(char *)"/bin/sh",         (char *)"-c", (char *)script, (char *)"-",
                    fixture->temporary.folder, NULL};

    fixture_start(fixture, argv, input);
}

// Waits for the end, however it comes; it comes once. Every kept byte was told, in order, or none
// of a stream that is not whole.
static inline void
expect_end(struct fixture *fixture, const char *summary)
{
    LOOP_UNTIL(&fixture->loop, fixture->ended);
    loop_settle(&fixture->loop);
    assert_int_equal(fixture->ended, 1);
    assert_string_equal(fixture->summary, summary);
    for (int i = 0; i < COMMAND_STREAM_COUNT; i++) {
        assert_int_equal(fixture->told[i].length, fixture->kept[i].length);
        if (fixture->told[i].length > 0)
            assert_memory_equal(fixture->told[i].bytes, fixture->kept[i].bytes,
                                fixture->kept[i].length);
    }
}

static inline void
expect_output(const struct fixture *fixture, enum command_stream stream, const char *expected)
{
    assert_string_equal(fixture->kept[stream].bytes, expected);
    assert_false(fixture->result.output[stream].truncated);
    assert_int_equal(fixture->result.output[stream].total, strlen(expected));
}

// Forgets what was said, for another process.
static inline void
fixture_reset(struct fixture *fixture)
{
    for (int i = 0; i < COMMAND_STREAM_COUNT; i++) {
        free(fixture->told[i].bytes);
        free(fixture->kept[i].bytes);
        fixture->told[i] = fixture->kept[i] = (struct piece_text){0};
    }
    fixture->ended = 0;
}

static inline void
fixture_close(struct fixture *fixture)
{
    fixture_reset(fixture);
    reaper_free(fixture->settings.reaper);
    temporary_close(&fixture->temporary);
    loop_close(&fixture->loop);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // no child is left
    assert_int_equal(count_descriptors(), fixture->descriptors);
}

#endif
