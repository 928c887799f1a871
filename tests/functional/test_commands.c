// Job commands: a process for each job, its arguments made of params and never seen by a shell.
#include "shell_jobs.h"

#include <sys/stat.h>

#define LONG_STDIN 1000000

// ---- arguments ------------------------------------------------------------------------------

#define NASTY "a  b\\t$(id) `id` $HOME ; | & > /x * ? ~ ! # {b} {{ %%s \\\" ' \\\\ \\n -- \\u00e9 "

// Whatever stands in a param, it is one argument, as it is.
static void
test_arguments_stay_whole(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);

    expect_result(peer_ask(peer, REQUEST("1", "print", "{\"b\":\"B\",\"a\":\"A\"}")), "1",
                  STDOUT("[fixed][A][xBy][0]"));
    expect_result(peer_ask(peer, REQUEST("2", "print", "{\"a\":\"\",\"b\":\"\"}")), "2",
                  STDOUT("[fixed][][xy][0]"));
    expect_result(peer_ask(peer, REQUEST("3", "print", "[1e400,true]")), "3",
                  STDOUT("[fixed][1e400][xtruey][0]"));
    expect_result(peer_ask(peer, REQUEST("4", "print", "[\"-n\",\"--help\"]")), "4",
                  STDOUT("[fixed][-n][x--helpy][0]"));
}

static void
test_shell_characters(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);
    json_auto_t *sent = parse_json("\"[fixed]["
                                   "a  b\\t$(id) `id` $HOME ; | & > /x * ? ~ ! # {b} "
                                   "{{ %s \\\" ' \\\\ \\n -- \\u00e9 ][x0y][0]\"");
    json_auto_t *response =
        parse_json(peer_ask(peer, REQUEST("1", "print", "{\"a\":\"" NASTY "\",\"b\":0}")));

    check_string(json_object_get(response, "result"), "stdout", json_string_value(sent));
}

static void
expect_refused(struct peer *peer, const char *params, const char *member, const char *reason)
{
    json_auto_t *data = expect_error_data(peer_ask(peer, REQUEST("1", "print", "%s"), params), "1",
                                          ERROR_INVALID_PARAMS);

    check_string(data, "member", member);
    check_contains(check_text(data, "reason"), reason);
}

static void
test_wrong_params(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);

    expect_refused(peer, "{}", "a", "missing");
    expect_refused(peer, "{\"a\":1}", "b", "missing");
    expect_refused(peer, "[1]", "b", "missing");
    expect_refused(peer, "{\"a\":1,\"b\":2,\"c\":3}", "c", "unknown");
    expect_refused(peer, "{\"a\":1,\"b\":2,\"slot\":3}", "slot", "unknown");
    expect_refused(peer, "[1,2,3]", "params", "too many");
    expect_refused(peer, "{\"a\":null,\"b\":2}", "a", "wrong type");
    expect_refused(peer, "{\"a\":[],\"b\":2}", "a", "wrong type");
    expect_refused(peer, "{\"a\":1,\"b\":{}}", "b", "wrong type");
    expect_refused(peer, "{\"a\":\"x\\u0000y\",\"b\":2}", "a", "NUL");
    expect_error(peer_ask(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"print\"}"), "1",
                 ERROR_INVALID_PARAMS);
    expect_error(peer_ask(peer, REQUEST("1", "nothing", "{\"a\":1}")), "1", ERROR_INVALID_PARAMS);
    expect_result(peer_ask(peer, REQUEST("2", "nothing", "{}")), "2", NOTHING);
}

static void
test_the_environment(struct fixture *fixture)
{
    struct peer *peer = start(fixture, (const char *const[]){NULL});
    json_auto_t *response =
        parse_json(peer_ask(peer, REQUEST("1", "env", "{\"from\":\"A B=$C\\n\"}")));
    const char *out = check_text(json_object_get(response, "result"), "stdout");

    check_contains(out, "\nNAME=value\n");
    check_contains(out, "\nFROM=A B=$C\n\n");
    check_contains(out, "\nSLOT=0\n");
    check_contains(out, "\nOFFLOAD_SLOT=0\n");
    check_contains(out, "\nOFFLOAD_POOL=env\n");
    assert_null(strstr(out, "ASAN_OPTIONS"));
}

// ---- input ----------------------------------------------------------------------------------

static void
test_input(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);
    char *text = malloc(LONG_STDIN + 1);

    expect_result(peer_ask(peer, REQUEST("1", "cat", "{\"text\":\"one\\n\\u00e9\"}")), "1",
                  STDOUT("one\\n\xc3\xa9"));
    expect_result(peer_ask(peer, REQUEST("2", "cat", "{}")), "2", NOTHING);
    expect_result(peer_ask(peer, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"cat\",\"params\":{"
                                 "\"text\":\"param\"},\"options\":{\"stdin\":\"option\"}}"),
                  "3", STDOUT("option"));
    expect_result(peer_ask(peer, SH_WITH("4", "cat; echo end", "{\"stdin\":\"in \"}")), "4",
                  STDOUT("in end\\n"));
    expect_error(peer_ask(peer, SH_WITH("5", "cat", "{\"stdin\":5}")), "5", ERROR_INVALID_PARAMS);
    memset(text, 'x', LONG_STDIN);
    text[LONG_STDIN] = '\0';
    expect_result(peer_ask(peer, SH_WITH("6", "wc -c", "{\"stdin\":\"%s\"}"), text), "6",
                  STDOUT("1000000\\n"));
    expect_result(peer_ask(peer, SH_WITH("7", "exit 0", "{\"stdin\":\"%s\"}"), text), "7", NOTHING);
    expect_result(peer_ask(peer, SH_WITH("8", "exec <&-; echo on", "{\"stdin\":\"%s\"}"), text),
                  "8", STDOUT("on\\n"));
    free(text);
}

// ---- the end --------------------------------------------------------------------------------

static void
test_ends(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);
    json_auto_t *failed = NULL, *killed = NULL;

    failed = expect_error_data(peer_ask(peer, SH("1", "echo out; echo why >&2; exit 7")), "1",
                               ERROR_JOB_FAILED);
    check_string(failed, "cause", "exit");
    check_integer(failed, "exit_code", 7);
    check_string(failed, "stderr", "why\n");
    check_string(failed, "pool", "sh");
    check_integer(failed, "attempts", 1);
    killed = expect_error_data(peer_ask(peer, SH("2", "kill -SEGV $$")), "2", ERROR_JOB_FAILED);
    check_string(killed, "cause", "signal");
    check_string(killed, "signal", "SIGSEGV");
    expect_result(peer_ask(peer, SH("3", "echo why >&2")), "3",
                  "{\"exit_code\":0,\"stdout\":\"\",\"stderr\":\"why\\n\"}");
}

// Killed, it runs again if that was asked for; an exit status is an answer.
static void
test_retries(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);
    json_auto_t *failed = NULL, *killed = NULL;

    expect_result(peer_ask(peer, SH_WITH("1", "[ -e again ] || { touch again; kill -9 $$; }",
                                         "{\"retries\":1}")),
                  "1", NOTHING);
    killed = expect_error_data(peer_ask(peer, SH_WITH("2", "kill -9 $$", "{\"retries\":1}")), "2",
                               ERROR_JOB_FAILED);
    check_string(killed, "signal", "SIGKILL");
    check_integer(killed, "attempts", 2);
    failed = expect_error_data(peer_ask(peer, SH_WITH("3", "exit 1", "{\"retries\":5}")), "3",
                               ERROR_JOB_FAILED);
    check_integer(failed, "attempts", 1);
}

static void
expect_no_start(struct fixture *fixture, struct peer *peer, const char *method, const char *before,
                const char *error)
{
    char reason[256];
    json_auto_t *data =
        expect_error_data(peer_ask(peer, REQUEST("1", "%s", "{}"), method), "1", ERROR_JOB_FAILED);

    snprintf(reason, sizeof(reason), "%s%s/%s: %s", before, fixture->daemon.folder, method, error);
    check_string(data, "cause", "start");
    check_string(data, "reason", reason);
    check_string(data, "pool", method);
}

static void
test_what_cannot_start(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);
    char path[96];

    snprintf(path, sizeof(path), "%s/plain", fixture->daemon.folder);
    write_text(path, "#!/bin/sh\necho here\n");
    assert_int_equal(chmod(path, 0644), 0);
    expect_no_start(fixture, peer, "missing", "", "No such file or directory");
    expect_no_start(fixture, peer, "plain", "", "Permission denied");
    assert_int_equal(chmod(path, 0755), 0);
    expect_result(peer_ask(peer, REQUEST("2", "plain", "{}")), "2", STDOUT("here\\n"));
    write_text(path, "neither a program nor a script\n");
    expect_no_start(fixture, peer, "plain", "", "Exec format error");
    if (getenv("OFFLOAD_TEST_WRAP") != NULL)
        return; // the wrapper looks for the interpreter itself, and later
    write_text(path, "#!/no/such/interpreter\n");
    expect_no_start(fixture, peer, "plain", "the interpreter of ", "No such file or directory");
}

// ---- output ---------------------------------------------------------------------------------

static void
test_output_that_is_no_text(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);

    expect_result(peer_ask(peer, SH("1", "printf '\\\\377\\\\000'; printf '\\\\303' >&2")), "1",
                  "{\"exit_code\":0,\"stdout_base64\":\"/wA=\",\"stderr_base64\":\"ww==\"}");
    expect_result(peer_ask(peer, SH("2", "printf 'a\\\\000\\\\001\\\"'")), "2",
                  STDOUT("a\\u0000\\u0001\\\""));
}

// Of 2 MiB the first is kept, and the rest is only counted.
static void
test_output_is_bounded(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);
    json_auto_t *response = parse_json(
        peer_ask(peer, SH("1", "head -c 2097152 /dev/zero | tr '\\\\000' x; echo end >&2")));
    json_t *result = json_object_get(response, "result");

    assert_int_equal(strlen(check_text(result, "stdout")), 1 << 20);
    check_integer(result, "stdout_bytes", 2 << 20);
    check_string(result, "stderr", "end\n");
    assert_true(json_is_true(json_object_get(result, "truncated")));
    assert_null(json_object_get(result, "stderr_bytes"));
}

struct shown {
    char *text[2]; // stdout, stderr
    size_t length[2];
    json_int_t seq;
};

// Takes in a progress notification; false if the line is none.
static bool
show(struct shown *shown, const char *line, const char *token)
{
    json_auto_t *message = parse_json(line);
    json_t *value = json_at(message, "params.value");
    const char *text;
    int stream;

    if (json_object_get(message, "id") != NULL)
        return false;
    check_string(message, "method", "$/progress");
    check_string(json_object_get(message, "params"), "token", token);
    check_string(value, "kind", "output");
    check_integer(value, "seq", ++shown->seq);
    stream = strcmp(check_text(value, "stream"), "stderr") == 0;
    text = check_text(value, "text"); // never base64 here
    shown->text[stream] = realloc(shown->text[stream], shown->length[stream] + strlen(text) + 1);
    strcpy(shown->text[stream] + shown->length[stream], text);
    shown->length[stream] += strlen(text);
    return true;
}

static void
test_output_as_it_comes(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);
    struct shown shown = {0};
    char *line;

    peer_say(peer, SH_WITH("1",
                           "echo one; while [ ! -e release ]; do sleep .02; done; echo two >&2; "
                           "echo three",
                           "{\"progress\":\"mine\"}"));
    assert_true(show(&shown, peer_line(peer), "mine")); // while it runs
    assert_string_equal(shown.text[0], "one\n");
    jobs_release(fixture);
    while (show(&shown, line = peer_line(peer), "mine"))
        ;
    expect_result(line, "1",
                  "{\"exit_code\":0,\"stdout\":\"one\\nthree\\n\",\"stderr\":\"two\\n\"}");
    assert_string_equal(shown.text[0], "one\nthree\n");
    assert_string_equal(shown.text[1], "two\n");
    expect_pong(peer);
    free(shown.text[0]);
    free(shown.text[1]);
}

// Characters of several bytes are never torn: each piece is text. And pieces and result are the
// same.
static void
test_characters_stay_whole(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);
    json_auto_t *response = NULL;
    struct shown shown = {0};
    const char *out;
    char *line;

    peer_say(peer, SH_WITH("1",
                           "printf x; yes \\u20ac | head -n 100000 | tr -d '\\\\n'; "
                           "printf '\\\\342'; sleep .2; printf '\\\\202'; sleep .2; "
                           "printf '\\\\254'",
                           "{\"progress\":\"mine\"}"));
    while (show(&shown, line = peer_line(peer), "mine"))
        ;
    response = parse_json(line);
    out = check_text(json_object_get(response, "result"), "stdout");
    assert_int_equal(strlen(out), 1 + 3 * 100001);
    assert_string_equal(out, shown.text[0]);
    expect_pong(peer);
    free(shown.text[0]);
}

// ---- how many -------------------------------------------------------------------------------

static void
test_so_many_at_once(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);
    int descriptors = count_descriptors(fixture);
    pid_t children[PROCESSES_MAX];
    int slots[2] = {0};

    for (int i = 0; i < 6; i++)
        peer_say(peer, SH("%d", HOLD), i);
    fixture_await(fixture, POOL_SH ".running", 2);
    fixture_await(fixture, POOL_SH ".queued", 4);
    assert_int_equal(processes_children(fixture->daemon.pid, children), 2);
    peer_say(peer, NOTIFICATION("$/cancelRequest", "{\"id\":5}")); // never started
    expect_error(peer_line(peer), "5", ERROR_CANCELLED);
    jobs_release(fixture);
    for (int i = 0; i < 5; i++) {
        const char *line = strstr(peer_line(peer), "\"stdout\":\"");

        assert_non_null(line);
        assert_true(line[10] == '0' || line[10] == '1');
        slots[line[10] - '0']++;
    }
    assert_true(slots[0] > 0 && slots[1] > 0);
    expect_nothing_left(fixture, descriptors);
}

#define MANY 1000

static void
test_a_thousand(struct fixture *fixture)
{
    struct peer *peer = start(fixture, NULL);
    int descriptors = count_descriptors(fixture);
    bool seen[MANY] = {false};

    for (int i = 0; i < MANY; i++)
        peer_say(peer, REQUEST("%d", "nothing", "{}"), i);
    for (int i = 0; i < MANY; i++) {
        char *line = peer_line(peer), id[16];
        int number = -1;

        assert_int_equal(sscanf(line, "{\"jsonrpc\":\"2.0\",\"id\":%d,", &number), 1);
        assert_true(number >= 0 && number < MANY && !seen[number]);
        seen[number] = true;
        snprintf(id, sizeof(id), "%d", number);
        expect_result(line, id, NOTHING);
    }
    expect_nothing_left(fixture, descriptors);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_arguments_stay_whole), SCENARIO_MANUAL(test_shell_characters),
             SCENARIO_MANUAL(test_wrong_params), SCENARIO_MANUAL(test_the_environment),
             SCENARIO_MANUAL(test_input), SCENARIO_MANUAL(test_ends), SCENARIO_MANUAL(test_retries),
             SCENARIO_MANUAL(test_what_cannot_start), SCENARIO_MANUAL(test_output_that_is_no_text),
             SCENARIO_MANUAL(test_output_is_bounded), SCENARIO_MANUAL(test_output_as_it_comes),
             SCENARIO_MANUAL(test_characters_stay_whole), SCENARIO_MANUAL(test_so_many_at_once),
             SCENARIO_MANUAL(test_a_thousand))
