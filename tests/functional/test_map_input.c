// `offload map`: what jobs are made of (lines, records, tables, arguments) and how their results
// are shown.
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAP(fixture, command, input, ...)                                                      \
    command_run(command, OFFLOAD_PROGRAM,                                                      \
                (const char *const[]){"--server", (fixture)->daemon.unix_address, "map", "-k", \
                                      __VA_ARGS__, NULL},                                      \
                NULL, input)

static void
expect(struct command *command, int status, const char *out)
{
    if (command->status != status)
        fail_msg("exit status %d, expected %d: %.1000s", command->status, status, command->err);
    assert_string_equal(command->out, out);
    if (status == 0)
        assert_string_equal(command->err, "");
}

// What the method echo says to it.
#define EXPECT(text, input, ...)                        \
    do {                                                \
        struct command run;                             \
                                                        \
        MAP(fixture, &run, input, "echo", __VA_ARGS__); \
        expect(&run, 0, text);                          \
        command_done(&run);                             \
    } while (0)

static void
test_lines_and_a_template(struct fixture *fixture)
{
    EXPECT("{\"input\":\"a b.jpg\",\"size\":\"200x200\",\"n\":1}\n"
           "{\"input\":\"\",\"size\":\"200x200\",\"n\":2}\n"
           "{\"input\":5,\"size\":\"200x200\",\"n\":3}\n",
           "a b.jpg\n\n5", "input={}", "size=200x200", "n={#}");
    EXPECT("[\"a/b.txt\",\"a/b\",\"b.txt\",\"a\",\"b\"]\n", "a/b.txt\n", "{}", "{.}", "{/}", "{//}",
           "{/.}");
    EXPECT("{\"x\":[\"\\\"\"], \"y\":{\"z\":\"\\\"\"}}\n", "\"\n",
           "{\"x\":[{}], \"y\":{\"z\":\"{}\"}}");
    EXPECT("[\"b\",\"a b\"]\n[\"\",\"c\"]\n", "a b\nc\n", "--colsep", " ", "{2}", "{}");
}

static void
test_records_with_a_nul(struct fixture *fixture)
{
    struct command command;
    static const char records[] = "a\nb\0\0[1]\0";

    command_start(&command, OFFLOAD_PROGRAM,
                  (const char *const[]){"--server", fixture->daemon.unix_address, "map", "-k0",
                                        "echo", "x={}", NULL},
                  NULL);
    assert_true(command_write(&command, records, sizeof(records) - 1));
    command_wait(&command);
    expect(&command, 0, "{\"x\":\"a\\nb\"}\n{\"x\":\"\"}\n{\"x\":[1]}\n");
    command_done(&command);
}

static void
test_tables(struct fixture *fixture)
{
    EXPECT("{\"name\":\"tea, "
           "\\\"green\\\"\",\"price\":3.20}\n{\"name\":\"milk\\nlow\",\"price\":\"\"}\n",
           "\xef\xbb\xbfname,price\r\n\"tea, \"\"green\"\"\",3.20\r\n\r\n\"milk\nlow\",\r\n",
           "--csv");
    EXPECT("{\"item\":\"tea\",\"n\":1,\"all\":\"tea 3\"}\n", "name\tprice\ntea\t3\n", "--tsv",
           "item={name}", "n={#}", "all={}");
    EXPECT("", "name,price\n", "--csv");
    EXPECT("", "", "--csv");
}

static void
test_tables_that_are_wrong(struct fixture *fixture)
{
    struct command command;

    MAP(fixture, &command, "a,b\n1,2\n3\n4,5,6\n7,8\n", "--csv", "echo", "{a}", "{b}");
    expect(&command, 65, "[1,2]\n[7,8]\n");
    check_contains(command.err,
                   "line 3: Invalid params (-32602): it has 1 fields, and the first row has 2");
    check_contains(command.err, "line 4");
    command_done(&command);
    MAP(fixture, &command, "a,a\n1,2\n", "--csv", "echo");
    expect(&command, 64, "");
    check_contains(command.err, "two columns have the name 'a'");
    command_done(&command);
}

static void
test_arguments(struct fixture *fixture)
{
    EXPECT("[\"a\"]\n[\"--help\"]\n[\"\"]\n[7]\n{\"n\":8}\n", NULL, ":::", "a", "--help", "", "7",
           "{\"n\":8}");
    EXPECT("[\"a\",1]\n[\"a\",2]\n[\"b\",1]\n[\"b\",2]\n", NULL, ":::", "a", "b", ":::", "1", "2");
    EXPECT("{\"x\":\"a 1\"}\n", "not read\n", "x={}", ":::", "a", ":::", "1");
    EXPECT("", NULL, ":::");
}

static void
test_a_file(struct fixture *fixture)
{
    struct command command;
    char path[96];

    snprintf(path, sizeof(path), "%s/input", fixture->daemon.folder);
    write_text(path, "1\n2\n");
    EXPECT("[1]\n[2]\n", "9\n", "--arg-file", path);
    MAP(fixture, &command, "", "echo", "-a", "/nowhere/at/all");
    expect(&command, 74, "");
    check_contains(command.err, "/nowhere/at/all");
    command_done(&command);
}

static void
test_tags(struct fixture *fixture)
{
    EXPECT("a 1\t{\"x\":\"a\"}\nb 2\t{\"x\":\"b\"}\n", "a 1\nb 2\n", "--tag", "--colsep", " ",
           "x={1}");
    EXPECT(" [1]\t[1]\n", " [1]\n", "--tag");
}

// What --dry-run prints, gather runs.
static void
test_a_dry_run(struct fixture *fixture)
{
    struct command command, gather;

    command_run(&command, OFFLOAD_PROGRAM,
                (const char *const[]){"--server", "unix:/nobody", "map", "--dry-run", "--timeout",
                                      "1.5", "sum_squares", "n={}", ":::", "10", "x", NULL},
                NULL, NULL);
    expect(&command, 0,
           "{\"method\":\"sum_squares\",\"params\":{\"n\":10},\"options\":{\"timeouts\":{\"run\":1."
           "500000}}}\n"
           "{\"method\":\"sum_squares\",\"params\":{\"n\":\"x\"},\"options\":{\"timeouts\":{"
           "\"run\":1.500000}}}\n");
    command_run(&gather, OFFLOAD_PROGRAM,
                (const char *const[]){"--server", fixture->daemon.unix_address, "gather", NULL},
                NULL, command.out);
    assert_int_equal(gather.status, 65);
    assert_true(strncmp(gather.out, "285\n{\"error\":{\"code\":-32602,", 27) == 0);
    command_done(&command);
    command_done(&gather);
}

static void
test_records_of_the_outcome(struct fixture *fixture)
{
    struct command command;
    json_auto_t *first = NULL, *second = NULL;
    char *rest;

    MAP(fixture, &command, "10\n\n-1\n", "--jsonl", "sum_squares");
    assert_int_equal(command.status, 65);
    rest = strchr(command.out, '\n');
    *rest++ = '\0';
    first = parse_json(command.out);
    second = parse_json(rest);
    check_integer(first, "seq", 1);
    check_integer(first, "exit", 0);
    check_integer(first, "attempt", 1);
    check_integer(first, "result", 285);
    assert_true(json_real_value(json_object_get(first, "start")) > 1e9);
    assert_true(json_real_value(json_object_get(first, "runtime")) >= 0);
    assert_int_equal(json_integer_value(json_at(first, "params.0")), 10);
    check_integer(second, "seq", 2);
    check_integer(second, "exit", 65);
    assert_int_equal(json_integer_value(json_at(second, "error.code")), -32602);
    check_contains(command.err, "line 3"); // of the input, blank lines counted
    command_done(&command);
}

static void
test_wrong_usage(struct fixture *fixture)
{
    static const struct {
        const char *words[8];
        const char *complaint;
    } lines[] = {
        {{"map", "m", "a=1", "b", NULL}, "'b' is no key=value"},
        {{"map", "m", "a=1", "a=2", NULL}, "that key came before"},
        {{"map", "m", "x={}", "::::", "file", NULL}, "'::::' is not known here"},
        {{"map", "m", "--colsep", ",", NULL}, "--colsep needs a template"},
        {{"map", "m", "--colsep", "(", "{1}", NULL}, "no regular expression"},
        {{"map", "m", "--halt", "now", NULL}, "--halt takes"},
        {{"map", "m", "--timeout", "x", NULL}, "--timeout takes"},
        {{"map", "", NULL}, "name is empty"},
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct command command;

        (void)fixture;
        command_run(&command, OFFLOAD_PROGRAM, lines[i].words, NULL, "");
        if (command.status != 64 || strstr(command.err, lines[i].complaint) == NULL)
            fail_msg("case %zu: exit status %d: %s", i, command.status, command.err);
        assert_string_equal(command.out, "");
        command_done(&command);
    }
}

HARNESS_MAIN(SCENARIO(test_lines_and_a_template), SCENARIO(test_records_with_a_nul),
             SCENARIO(test_tables), SCENARIO(test_tables_that_are_wrong), SCENARIO(test_arguments),
             SCENARIO(test_a_file), SCENARIO(test_tags), SCENARIO(test_a_dry_run),
             SCENARIO(test_records_of_the_outcome), SCENARIO_MANUAL(test_wrong_usage))
