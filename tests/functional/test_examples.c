// The workers in server/examples: each passes `offload check-worker`, and does what it is for in a
// pool of a real daemon. One whose interpreter is missing is left out, aloud.
#include "harness.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// The path of an example: beside the sources, or what was compiled beside the daemon.
static void
example_path(const char *name, bool compiled, char into[PATH_MAX])
{
    const char *from = compiled ? OFFLOADD_PROGRAM : __FILE__;
    int folder = (int)(strrchr(from, '/') - from);

    snprintf(into, PATH_MAX, compiled ? "%.*s/examples/%s" : "%.*s/../../server/examples/%s",
             folder, from, name);
    if (access(into, X_OK) != 0)
        fail_msg("no program at %s", into);
}

static bool
is_installed(const char *interpreter)
{
    char *places = strdup(getenv("PATH") != NULL ? getenv("PATH") : "/usr/bin:/bin");
    bool found = false;
    char *rest;

    for (char *place = strtok_r(places, ":", &rest); place != NULL && !found;
         place = strtok_r(NULL, ":", &rest)) {
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s", place, interpreter);
        found = access(path, X_OK) == 0;
    }
    free(places);
    return found;
}

// Skips the test if the interpreter is missing.
static void
need(const char *interpreter)
{
    if (is_installed(interpreter))
        return;
    print_message("SKIP: %s is not installed; an example was not run\n", interpreter);
    skip();
}

// What check-worker says of it, called with so many requests at once.
static void
expect_to_pass(const char *path, const char *method, const char *params, const char *in_flight)
{
    struct command command;
    char timeout[32];

    snprintf(timeout, sizeof(timeout), "%g", 10 * deadline_slowness());
    command_run(&command, OFFLOAD_PROGRAM,
                (const char *const[]){"check-worker", "--in-flight", in_flight, "--", "--timeout",
                                      timeout, "--method", method, params, path, NULL},
                NULL, NULL);
    if (command.status != 0)
        fail_msg("%s: exit status %d\n%s%s", path, command.status, command.out, command.err);
    check_contains(command.out, "ok: stdout has only lines of the protocol\n");
    command_done(&command);
}

// Starts the daemon with the example as its only pool.
static struct peer *
start(struct fixture *fixture, const char *path, const char *methods, const char *more)
{
    char *config = NULL;

    if (asprintf(&config, "[pool example]\nprogram = %s\nmethods = %s\nprocesses = 1\n%s", path,
                 methods, more) < 0)
        fail();
    daemon_configure(&fixture->daemon, config);
    free(config);
    daemon_start(&fixture->daemon, NULL, NULL);
    fixture_adopt(fixture);
    return open_tcp(fixture);
}

static void
test_bash(struct fixture *fixture)
{
    char path[PATH_MAX];
    struct peer *peer;

    need("bash");
    example_path("echo.bash", false, path);
    expect_to_pass(path, "echo", "{}", "8");
    peer = start(fixture, path, "echo other", "");
    expect_result(
        peer_ask(peer, REQUEST("\"a\"", "echo", "{\"x\": [1e400, \"}\", \"\\u00e9 %%s\"]}")),
        "\"a\"", "{\"x\": [1e400, \"}\", \"\\u00e9 %s\"]}");
    expect_result(peer_ask(peer, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"echo\"}"), "2",
                  "null");
    expect_error(peer_ask(peer, REQUEST("3", "other", "[]")), "3", ERROR_METHOD_NOT_FOUND);
}

#define REVERSE(id) REQUEST(id, "reverse", "{\"text\":\"ba\"}")
#define NAPS        REQUEST("1", "nap", "{\"seconds\":2}") "\n" REVERSE("2") "\n" REVERSE("3") "\n"

static char *
make_hash(struct peer *peer)
{
    json_auto_t *response =
        parse_json(peer_ask(peer, REQUEST("1", "hash", "{\"password\":\"correct h\\u00f6rse\"}")));
    const char *hash = check_text(response, "result");

    assert_true(strncmp(hash, "scrypt$16384$8$1$", 17) == 0);
    return strdup(hash);
}

static void
test_scrypt(struct fixture *fixture)
{
    char path[PATH_MAX];
    struct peer *peer;
    char *first, *second;

    need("python3");
    example_path("scrypt.py", false, path);
    expect_to_pass(path, "hash", "{\"password\":\"x\"}", "4");
    peer = start(fixture, path, "hash verify", "");
    first = make_hash(peer);
    second = make_hash(peer);
    assert_string_not_equal(first, second); // the salt
    expect_result(
        peer_ask(peer,
                 REQUEST("2", "verify", "{\"password\":\"correct h\u00f6rse\",\"hash\":\"%s\"}"),
                 first),
        "2", "true");
    expect_result(
        peer_ask(peer, REQUEST("3", "verify", "{\"password\":\"correct horse\",\"hash\":\"%s\"}"),
                 second),
        "3", "false");
    free(first);
    free(second);
    expect_error(
        peer_ask(peer, REQUEST("4", "verify",
                               "{\"password\":\"x\",\"hash\":\"scrypt$1048576$8$1$AA$AA\"}")),
        "4", ERROR_INVALID_PARAMS);
    expect_error(peer_ask(peer, REQUEST("5", "hash", "[]")), "5", ERROR_INVALID_PARAMS);
}

#define WAITS 64

// All at once on one process: a second for all of them, and the short ones first.
static void
test_async(struct fixture *fixture)
{
    char path[PATH_MAX];
    struct peer *peer;
    int64_t deadline;
    int64_t before_us;

    need("python3");
    example_path("fetch_async.py", false, path);
    expect_to_pass(path, "wait", "{\"seconds\":0.01}", "64");
    peer = start(fixture, path, "wait read", "in-flight = 65\n");
    expect_result(peer_ask(peer, REQUEST("1", "wait", "{\"seconds\":0}")), "1", "0");
    before_us = deadline_in(0);
    for (int i = 0; i < WAITS; i++)
        peer_say(peer, REQUEST("%d", "wait", "{\"seconds\":1}"), i);
    expect_result(peer_ask(peer, REQUEST("\"short\"", "wait", "{\"seconds\":0.01}")), "\"short\"",
                  "0.01");
    for (int i = 0; i < WAITS; i++)
        check_contains(peer_line(peer), "\"result\":1}");
    deadline = deadline_in(0);
    if (deadline - before_us > 8000000 * (int64_t)deadline_slowness())
        fail_msg("%d waits of a second took %lld us", WAITS, (long long)(deadline - before_us));
    expect_result(peer_ask(peer, REQUEST("2", "read", "{\"paths\":[\"/dev/null\",\"/dev/zero\"]}")),
                  "2", "{\"/dev/null\": \"not a file\", \"/dev/zero\": \"not a file\"}");
    expect_error(peer_ask(peer, REQUEST("3", "wait", "{\"seconds\":true}")), "3",
                 ERROR_INVALID_PARAMS);
}

static void
test_read(struct fixture *fixture)
{
    char path[PATH_MAX], file[128];
    struct peer *peer;
    char *expected = NULL;

    need("python3");
    example_path("fetch_async.py", false, path);
    peer = start(fixture, path, "wait read", "in-flight = 65\n");
    snprintf(file, sizeof(file), "%s/four", fixture->daemon.folder);
    write_text(file, "four");
    assert_true(asprintf(&expected, "{\"%s\": 4}", file) > 0);
    expect_result(peer_ask(peer, REQUEST("1", "read", "{\"paths\":[\"%s\"]}"), file), "1",
                  expected);
    free(expected);
}

static void
test_gzip(struct fixture *fixture)
{
    char path[PATH_MAX], file[128], packed[136];
    json_auto_t *response = NULL;
    json_auto_t *done = NULL;
    struct peer *peer;

    need("node");
    example_path("gzip.mjs", false, path);
    expect_to_pass(path, "gzip", "{\"text\":\"x\"}", "16");
    peer = start(fixture, path, "gzip gunzip gzip_file", "in-flight = 4\n");
    response = parse_json(peer_ask(peer, REQUEST("1", "gzip", "{\"text\":\"hello h\\u00f6llo\"}")));
    expect_result(
        peer_ask(peer, REQUEST("2", "gunzip", "{\"data\":\"%s\"}"), check_text(response, "result")),
        "2", "\"hello h\xc3\xb6llo\"");
    expect_error(peer_ask(peer, REQUEST("3", "gunzip", "{\"data\":\"AAAA\"}")), "3",
                 ERROR_INVALID_PARAMS);
    snprintf(file, sizeof(file), "%s/text", fixture->daemon.folder);
    snprintf(packed, sizeof(packed), "%s.gz", file);
    write_text(file, "four");
    done = parse_json(peer_ask(peer, REQUEST("4", "gzip_file", "{\"path\":\"%s\"}"), file));
    check_string(json_object_get(done, "result"), "path", packed);
    check_integer(json_object_get(done, "result"), "before", 4);
    assert_int_equal(access(packed, R_OK), 0);
    check_contains(peer_ask(peer, REQUEST("5", "gzip_file", "{\"path\":\"/nowhere/at/all\"}")),
                   "ENOENT");
    assert_int_equal(unlink(packed), 0);
    assert_int_equal(unlink(file), 0);
}

// By hand, where it is known what waits behind what: the jobs behind a long one are given back, and
// it is not.
static void
expect_given_back(const char *path)
{
    struct command command;
    int64_t deadline = deadline_in(30);

    command_start(&command, path, (const char *const[]){NULL}, NULL);
    assert_true(command_write(&command, NAPS, strlen(NAPS)));
    while (strstr(command.out, "\"id\": 1") == NULL && command_read(&command, deadline))
        continue;
    check_contains(command.out, "\"result\": 2}\n"); // of the nap
    check_contains(command.out, "\"worker.return\", \"params\": {\"ids\": [");
    assert_null(strstr(command.out, "[1"));
    assert_null(strstr(command.out, "\"result\": \"ab\"")); // given back is given back
    command_write(&command, REVERSE("4") "\n", strlen(REVERSE("4")) + 1);
    command_wait(&command);
    assert_int_equal(command.status, 0);
    check_contains(command.out, "{\"jsonrpc\": \"2.0\", \"id\": 4, \"result\": \"ab\"}\n");
    command_done(&command);
}

// Long jobs among short ones: each is answered once, and no worker breaks the protocol.
static void
test_prefetch(struct fixture *fixture)
{
    char path[PATH_MAX];
    struct peer *peer;
    pid_t worker;

    need("python3");
    example_path("prefetch.py", false, path);
    expect_given_back(path); // check-worker would take that for a missing answer
    peer = start(fixture, path, "reverse nap other", "");
    worker = fixture_worker(fixture, 0, 0);
    for (int i = 0; i < 1000; i++) {
        if (i % 100 == 50)
            peer_say(peer, REQUEST("%d", "nap", "{\"seconds\":0.05}"), i);
        else
            peer_say(peer, REQUEST("%d", "reverse", "{\"text\":\"%d\"}"), i, 1000 + i);
    }
    for (int i = 0; i < 1000; i++)
        check_contains(peer_line(peer), ",\"result\":");
    expect_pong(peer); // no answer came twice
    assert_int_equal(fixture_worker(fixture, 0, 0), worker);
    expect_error(peer_ask(peer, REQUEST("1", "reverse", "[]")), "1", ERROR_INVALID_PARAMS);
    expect_error(peer_ask(peer, REQUEST("1", "other", "[]")), "1", ERROR_METHOD_NOT_FOUND);
}

static void
test_wordcount(struct fixture *fixture)
{
    char path[PATH_MAX];
    struct peer *peer;

    example_path("wordcount", true, path);
    expect_to_pass(path, "wordcount", "{\"text\":\"x\"}", "8");
    peer = start(fixture, path, "wordcount other", "");
    expect_result(
        peer_ask(peer, REQUEST("1", "wordcount", "{\"text\":\"to be\\n or not\\u0000 \"}")), "1",
        "{\"lines\":1,\"words\":4,\"bytes\":15}");
    expect_error(peer_ask(peer, REQUEST("2", "wordcount", "[]")), "2", ERROR_INVALID_PARAMS);
    expect_error(peer_ask(peer, REQUEST("3", "other", "[]")), "3", ERROR_METHOD_NOT_FOUND);
}

static void
resolve_escape(char *at)
{
    size_t length = strncmp(at, "\\(aq", 4) == 0 ? 4 : 2;

    assert_true(length == 4 || at[1] == 'e');
    *at = length == 4 ? '\'' : '\\';
    memmove(at + 1, at + length, strlen(at + length) + 1);
}

// Writes a display of the guide, as a reader would copy it, into a file of the folder.
static void
write_skeleton(struct fixture *fixture, const char *heading, const char *name, char into[PATH_MAX])
{
    char page[PATH_MAX], head[64];
    char *text, *start, *end;

    snprintf(page, sizeof(page), "%.*s/../../server/offload-worker.7",
             (int)(strrchr(__FILE__, '/') - __FILE__), __FILE__);
    text = read_text(page);
    assert_non_null(text);
    snprintf(head, sizeof(head), "\n.Ss %s\n", heading);
    start = strstr(text, head);
    assert_non_null(start);
    start = strchr(strstr(start, "\n.Bd -literal\n") + 1, '\n') + 1;
    end = strstr(start, "\n.Ed\n");
    assert_non_null(end);
    end[1] = '\0';
    for (char *at = start; (at = strchr(at, '\\')) != NULL; at++) // roff's: \e and \(aq
        resolve_escape(at);
    snprintf(into, PATH_MAX, "%s/%s", fixture->daemon.folder, name);
    write_text(into, start);
    assert_int_equal(chmod(into, 0700), 0);
    free(text);
}

static void
test_skeleton_in_python(struct fixture *fixture)
{
    char path[PATH_MAX];
    struct peer *peer;

    need("python3");
    write_skeleton(fixture, "Python", "skeleton.py", path);
    expect_to_pass(path, "shout", "{\"text\":\"x\"}", "4");
    peer = start(fixture, path, "shout", "");
    expect_result(peer_ask(peer, REQUEST("1", "shout", "{\"text\":\"hello\"}")), "1", "\"HELLO\"");
    check_contains(peer_ask(peer, REQUEST("2", "shout", "[]")), "-32602");
    assert_int_equal(unlink(path), 0);
}

// What looks like another id, or another method, does not count.
#define DECOY "{\"x\":{\"jsonrpc\":\"2.0\",\"id\":9},\"method\":\"shout\"}"

static void
test_skeleton_in_awk(struct fixture *fixture)
{
    char path[PATH_MAX];
    struct peer *peer;

    need("mawk");
    write_skeleton(fixture, "awk", "skeleton.awk", path);
    expect_to_pass(path, "shout", "{\"text\":\"x\"}", "4");
    peer = start(fixture, path, "shout other", "");
    expect_result(peer_ask(peer, REQUEST("1", "shout", "{\"text\":\"hello, you\"}")), "1",
                  "\"HELLO, YOU\"");
    expect_error(peer_ask(peer, REQUEST("2", "shout", "{\"text\":\"a\\nb\"}")), "2",
                 ERROR_INVALID_PARAMS);
    expect_error(peer_ask(peer, REQUEST("3", "shout", DECOY)), "3", ERROR_INVALID_PARAMS);
    expect_error(peer_ask(peer, REQUEST("4", "other", DECOY)), "4", ERROR_METHOD_NOT_FOUND);
    assert_int_equal(unlink(path), 0);
}

static void
test_skeleton_in_bash(struct fixture *fixture)
{
    char path[PATH_MAX];
    struct peer *peer;

    need("bash");
    write_skeleton(fixture, "bash", "skeleton.bash", path);
    expect_to_pass(path, "now", "{}", "4");
    peer = start(fixture, path, "now other", "");
    check_contains(peer_ask(peer, REQUEST("\"a\"", "now", DECOY)), "\"id\":\"a\",\"result\":1");
    expect_error(peer_ask(peer, REQUEST("4", "other", DECOY)), "4", ERROR_METHOD_NOT_FOUND);
    assert_int_equal(unlink(path), 0);
}

static void
test_skeleton_in_c(struct fixture *fixture)
{
    char source[PATH_MAX], path[PATH_MAX];
    struct command command;
    struct peer *peer;

    need("cc");
    write_skeleton(fixture, "C", "skeleton.c", source);
    snprintf(path, sizeof(path), "%s/skeleton", fixture->daemon.folder);
    command_run(&command, "/usr/bin/env",
                (const char *const[]){"cc", "-Wall", "-Wextra", "-Werror", "-o", path, source,
                                      "-ljansson", NULL},
                NULL, NULL);
    if (command.status != 0)
        fail_msg("%s", command.err);
    command_done(&command);
    expect_to_pass(path, "size", "[1]", "4");
    peer = start(fixture, path, "size", "");
    expect_result(peer_ask(peer, REQUEST("1", "size", "[1,[2],3]")), "1", "3");
    assert_int_equal(unlink(source) | unlink(path), 0);
}

HARNESS_MAIN(SCENARIO_MANUAL(test_bash), SCENARIO_MANUAL(test_scrypt), SCENARIO_MANUAL(test_async),
             SCENARIO_MANUAL(test_read), SCENARIO_MANUAL(test_gzip), SCENARIO_MANUAL(test_prefetch),
             SCENARIO_MANUAL(test_wordcount), SCENARIO_MANUAL(test_skeleton_in_python),
             SCENARIO_MANUAL(test_skeleton_in_awk), SCENARIO_MANUAL(test_skeleton_in_bash),
             SCENARIO_MANUAL(test_skeleton_in_c))
