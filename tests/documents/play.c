// See play.h.
#include "play.h"

#include "compare.h"
#include "prepare.h"
#include "tests/functional/arguments.h"
#include "tests/functional/assertions.h"
#include "tests/functional/deadline.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLED     "the worker is killed by SIGKILL"
#define TERMINATED "the daemon gets SIGTERM"
#define EXITS      "the daemon exits"
#define WORKER_PID "<pid>"

// An example in the middle of being played.
struct player {
    struct fixture *fixture;
    const struct example *example;
    struct peer *peer;
    bool finished;   // its sending side is shut down
    bool closed;     // the daemon has closed, and should have
    bool terminated; // the daemon is stopping
};

// ---- before ----------------------------------------------------------------------------------

// The daemon, wrapped as the tests of it are (valgrind), unless it will run a file of the document:
// whether an interpreter closes all its files is not our affair.
static void
start_daemon(struct fixture *fixture, const struct example *example, struct arguments *arguments)
{
    const char *wrapper = getenv("OFFLOAD_TEST_WRAP");
    char *saved = wrapper != NULL && strstr(example->settings, "=./") ? strdup(wrapper) : NULL;

    if (saved != NULL)
        unsetenv("OFFLOAD_TEST_WRAP");
    daemon_start(&fixture->daemon, (const char *const *)arguments->items, NULL);
    if (saved != NULL)
        setenv("OFFLOAD_TEST_WRAP", saved, 1);
    free(saved);
}

static void
start(struct player *player, const struct document *document)
{
    struct fixture *fixture = player->fixture;
    struct arguments arguments;
    bool wait;

    arguments_init(&arguments);
    prepare_files(fixture, document, player->example);
    wait = prepare_settings(fixture, document, player->example, &arguments);
    // A program may be named relative to the folder.
    assert_int_equal(chdir(fixture->daemon.folder), 0);
    start_daemon(fixture, player->example, &arguments);
    arguments_done(&arguments);
    if (wait)
        fixture_adopt(fixture);
    player->peer =
        example_has_word(player->example, PREPARE_UNIX) ? open_unix(fixture) : open_tcp(fixture);
}

// ---- steps -----------------------------------------------------------------------------------

// What is shown, with the pid of the first pool's first worker in it (caller frees).
static char *
fill_in_pid(struct player *player, const char *shown)
{
    const char *mark = strstr(shown, WORKER_PID);
    char *text = NULL;

    if (mark == NULL)
        return strdup(shown);
    assert_true(asprintf(&text, "%.*s%d%s", (int)(mark - shown), shown,
                         (int)fixture_worker(player->fixture, 0, 0),
                         mark + strlen(WORKER_PID)) > 0);
    return text;
}

static void
send_text(struct player *player, const char *shown, const char *end)
{
    char *filled = fill_in_pid(player, shown);
    size_t length;
    char *text = prepare_text(filled, &length);

    peer_send(player->peer, text, length);
    peer_send(player->peer, end, strlen(end));
    free(filled);
    free(text);
}

// cmocka's own messages are cut after 1 KiB.
_Noreturn static void
refuse(const struct player *player, const char *what, const char *came, const char *shown)
{
    print_error("%s\n  %s\n", player->example->title, what);
    fprintf(stderr, "%s\n  but the document shows\n%s\n", came, shown);
    fail();
    abort();
}

static void
receive(struct player *player, const char *shown)
{
    const char *line = peer_line_until(player->peer, deadline_in(PATIENCE));

    if (line == NULL)
        fail_msg("%s\n  nothing comes, but the document shows\n%s", player->example->title, shown);
    if (!line_is_as_shown(line, shown))
        refuse(player, "what comes is", line, shown);
}

// Waits until what was sent has become a running job.
static void
await_running(struct fixture *fixture)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (fixture_number(fixture, "jobs.running") == 0) {
        if (deadline_passed(deadline))
            fail_msg("no job runs");
        deadline_pause();
    }
}

static void
await_draining(struct fixture *fixture)
{
    int64_t deadline = deadline_in(PATIENCE);
    bool draining = false;

    while (!draining) {
        json_auto_t *status = fixture_status(fixture);

        draining = strcmp(json_string_value(json_object_get(status, "state")), "draining") == 0;
        if (!draining && deadline_passed(deadline))
            fail_msg("the daemon does not stop");
        deadline_pause();
    }
}

static void
happen(struct player *player, const struct step *step)
{
    struct fixture *fixture = player->fixture;

    if (strcmp(step->text, KILLED) == 0) {
        await_running(fixture);
        assert_int_equal(kill(fixture_worker(fixture, 0, 0), SIGKILL), 0);
    } else if (strcmp(step->text, TERMINATED) == 0) {
        await_running(fixture);
        assert_int_equal(kill(fixture->daemon.pid, SIGTERM), 0);
        await_draining(fixture);
        player->terminated = true;
    } else if (strcmp(step->text, EXITS) == 0) {
        player->terminated = true;
    } else if (!prepare_is_for_worker(step) || !example_has_word(player->example, PREPARE_SHOP)) {
        fail_msg("%s\n  the player cannot make this happen: %s", player->example->title,
                 step->text);
    }
}

static void
play_step(struct player *player, const struct step *step)
{
    switch (step->kind) {
    case STEP_SEND:
        send_text(player, step->text, "\n");
        return;
    case STEP_RECEIVE:
        receive(player, step->text);
        return;
    case STEP_FINISH:
        send_text(player, step->text, "");
        peer_half_close(player->peer);
        player->finished = true;
        return;
    case STEP_CLOSED:
        peer_expect_end(player->peer);
        player->closed = true;
        return;
    case STEP_WORKER_GETS:
    case STEP_WORKER_SAYS:
        if (!example_has_word(player->example, PREPARE_SHOP))
            fail_msg("%s\n  no worker plays this: the word " PREPARE_SHOP " is missing",
                     player->example->title);
        return; // the worker does it by itself
    case STEP_HAPPENS:
        happen(player, step);
        return;
    }
}

// ---- after -----------------------------------------------------------------------------------

static void
check_transcript(struct player *player)
{
    char *path = prepare_path(player->fixture, "transcript");
    char *text = read_text(path);
    char *rest = text;

    for (size_t i = 0; i < player->example->count; i++) {
        const struct step *step = &player->example->steps[i];
        const char *line;

        if (step->kind != STEP_WORKER_GETS)
            continue;
        line = strsep(&rest, "\n");
        if (line == NULL || !line_is_as_shown(line, step->text))
            refuse(player, "the worker got", line != NULL ? line : "nothing", step->text);
    }
    if (rest != NULL && *rest != '\0')
        fail_msg("%s\n  the worker got more: %s", player->example->title, rest);
    free(text);
    free(path);
}

static void
expect_exit(struct fixture *fixture)
{
    int status;

    fixture_forget(fixture);
    status = daemon_wait(&fixture->daemon);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    daemon_expect_none_left(0);
}

void
play_example(struct fixture *fixture)
{
    const struct example_scenario *scenario =
        (const struct example_scenario *)(const void *)fixture->scenario;
    struct player player = {.fixture = fixture, .example = scenario->example};

    start(&player, scenario->document);
    for (size_t i = 0; i < player.example->count; i++)
        play_step(&player, &player.example->steps[i]);
    // Whatever was asked must have been answered by now, and all answers be in the document.
    if (!player.finished && !player.closed)
        peer_half_close(player.peer);
    if (!player.closed)
        peer_expect_end(player.peer);
    check_transcript(&player);
    if (player.terminated)
        expect_exit(fixture);
}
