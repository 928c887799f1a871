// The command line: what it becomes, and which word a mistake is blamed on.
#include "client/command.h"
#include "client/options.h"
#include "common/errors.h"
#include "tests/unit/client/capture.h"

#include <string.h>

#define ARGUMENTS_MAX 12

static const struct command commands[] = {
    {.name = "call",
     .arguments = "METHOD",
     .accepts = OPTIONS_DAEMON | OPTION_JSON | OPTION_NOTIFY,
     .least = 1,
     .most = -1},
    {.name = "map",
     .arguments = "METHOD",
     .accepts = OPTIONS_DAEMON | OPTION_LIMIT | OPTION_KEEP_ORDER | OPTION_NULL | OPTION_CSV |
                OPTION_TSV | OPTION_COLSEP | OPTION_ARG_FILE | OPTION_JOBLOG | OPTION_RESUME |
                OPTION_RESUME_FAILED | OPTION_RETRIES | OPTION_TIMEOUT | OPTION_HALT | OPTION_TAG |
                OPTION_DRY_RUN | OPTION_JSONL,
     .lists = true,
     .least = 1,
     .most = 3},
    {.name = "ping", .arguments = "[COUNT]", .accepts = OPTIONS_DAEMON, .most = 1},
};
static const struct command_table table = {commands, sizeof(commands) / sizeof(commands[0])};

static int
parse(const char *line, struct options *ret, char words[512])
{
    char *argv[ARGUMENTS_MAX];
    int argc = 0;
    char *rest;

    snprintf(words, 512, "offload %s", line);
    for (char *word = strtok_r(words, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    argv[argc] = NULL;
    return options_parse(argc, argv, &table, ret);
}

static void
options_stand_anywhere(void **state)
{
    static const char *const lines[] = {
        "--server tcp:h:1 --json call m a=1",
        "call --server=tcp:h:1 m --json a=1",
        "call m a=1 --json --server tcp:h:1",
        "--json --serv tcp:h:1 -- call m a=1",
    };
    struct options options;
    char words[512];

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(parse(lines[i], &options, words), 0);
        assert_string_equal(options.command->name, "call");
        assert_string_equal(options.server, "tcp:h:1");
        assert_true(options.json);
        assert_int_equal(options.argument_count, 2);
        assert_string_equal(options.arguments[0], "m");
        assert_string_equal(options.arguments[1], "a=1");
        options_done(&options);
    }
}

static void
the_rest(void **state)
{
    struct options options;
    char words[512];

    (void)state;
    assert_int_equal(parse("call m - -- --json -5", &options, words), 0);
    assert_false(options.json);
    assert_int_equal(options.argument_count, 4);
    assert_string_equal(options.arguments[1], "-");
    assert_string_equal(options.arguments[2], "--json");
    options_done(&options);
    assert_int_equal(parse("--local --set a.b=1 ping --set pool.x.y=", &options, words), 0);
    assert_int_equal(options.set_count, 2);
    assert_string_equal(options.sets[1], "pool.x.y=");
    options_done(&options);
    assert_int_equal(parse("map m --limit 65536 --keep-order", &options, words), 0);
    assert_int_equal(options.limit, 65536);
    assert_true(options.keep_order);
    options_done(&options);
    assert_int_equal(parse("map -k -j 3 -0 m --timeout 1.5s --retries=100", &options, words), 0);
    assert_int_equal(options.limit, 3);
    assert_true(options.keep_order && options.null);
    assert_int_equal(options.timeout_us, 1500000);
    assert_int_equal(options.retries, 100);
    options_done(&options);
    assert_int_equal(parse("map --help", &options, words), 0); // help excuses what is missing
    assert_true(options.help);
    options_done(&options);
    assert_int_equal(parse("-V", &options, words), 0);
    assert_null(options.command);
    options_done(&options);
}

// Whatever follows ":::" is an argument.
static void
lists(void **state)
{
    struct options options;
    char words[512];

    (void)state;
    assert_int_equal(parse("map m -k x={} ::: --help -- ::: -k", &options, words), 0);
    assert_int_equal(options.argument_count, 2);
    assert_string_equal(options.arguments[1], "x={}");
    assert_int_equal(options.list_count, 4);
    assert_string_equal(options.lists[0], "--help");
    assert_string_equal(options.lists[3], "-k");
    options_done(&options);
    assert_int_equal(parse("map -- m -k ::: a", &options, words), 0);
    assert_int_equal(options.argument_count, 2);
    assert_int_equal(options.list_count, 1);
    options_done(&options);
    assert_int_equal(parse("map m :::", &options, words), 0);
    assert_non_null(options.lists);
    assert_int_equal(options.list_count, 0);
    options_done(&options);
    assert_int_equal(parse("call m ::: a", &options, words), 0); // a word like any other there
    assert_null(options.lists);
    assert_int_equal(options.argument_count, 3);
    options_done(&options);
}

static void
refused(const char *line, const char *expected)
{
    struct options options;
    struct capture capture;
    char words[512];
    int status;

    capture_start(&capture, STDERR_FILENO);
    status = parse(line, &options, words);
    assert_non_null(strstr(capture_stop(&capture), expected));
    assert_int_equal(status, EXIT_STATUS_USAGE);
}

static void
mistakes_name_the_word(void **state)
{
    (void)state;
    refused("", "which command?");
    refused("clal m", "'clal'; did you mean 'call'?");
    refused("pin", "'pin'; did you mean 'ping'?");
    refused("frobnicate", "unknown command 'frobnicate'; see");
    refused("an-extremely-long-word-that-is-no-command-at-all", "unknown command 'an-ext");
    refused("call", "too few arguments: offload call METHOD");
    refused("map a b c d", "unexpected argument 'd'");
    refused("--bogus call m", "'--bogus'");
    refused("call m -5", "'-5'");
    refused("call m --json=3", "'--json=3'");
    refused("call m --set", "missing after '--set'");
    refused("call m --local --set ab", "'ab'");
    refused("call m --local --set a=b.c", "'a=b.c'");
    refused("call m --local --set .a=b", "'.a=b'");
    refused("call m --set a.b=c", "--set is for");
    refused("ping --json", "--json is no option of 'ping'");
    refused("call m --keep-order", "--keep-order is no option of 'call'");
    refused("map m --limit 0", "'0'");
    refused("map m --limit 65537", "'65537'");
    refused("map m --limit 1x", "'1x'");
    refused("map m --timeout 0", "'0'");
    refused("map m --timeout 2parsec", "'2parsec'");
    refused("map m --retries 101", "from 0 to 100, not '101'");
    refused("map m --csv -0", "exclude each other");
    refused("map m --colsep , --tsv", "exclude each other");
    refused("map m --csv ::: a", "nothing else can be");
    refused("map m -a f ::: a", "nothing else can be");
    refused("map m --resume", "need --joblog");
    refused("map m --dry-run --jsonl", "--dry-run runs nothing");
    refused("call m -k", "--keep-order is no option of 'call'");
    refused("ping --local --server tcp:h:1", "exclude each other");
    refused("call m --notify --local", "--notify needs a daemon that stays");
    refused("call m --notify --json", "--json has nothing");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_anywhere),
        cmocka_unit_test(the_rest),
        cmocka_unit_test(lists),
        cmocka_unit_test(mistakes_name_the_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
