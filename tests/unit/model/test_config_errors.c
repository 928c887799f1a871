// The configuration's errors: every one is found, and its text says where and what.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "config_folder.h"

#define LINE_199                                                                                 \
    "# 3456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 " \
    "123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 " \
    "123456789 123456789"
#define METHODS_HELP "is not plain ASCII without quotes and backslashes"
#define BRACES       "('{{' stands for a brace)"
#define RESERVED     "is a name that the daemon keeps for itself"
#define NO_LOOPBACK \
    " is not loopback; nothing else is served until authentication and TLS are configured"
#define NEEDS_ONE " needs one of builtin = yes, program, plugin and command"

struct row {
    const char *text;
    const char *error; // behind "offloadd.conf"
};

static void
check_rows(struct folder *folder, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char expected[sizeof(folder->error.text)];

        snprintf(expected, sizeof(expected), "offloadd.conf%s", rows[i].error);
        folder_write(folder, "offloadd.conf", rows[i].text);
        folder_expect_error(folder, NULL, expected);
        folder_forget(folder);
    }
}
#define CHECK_ROWS(folder, rows) check_rows(folder, rows, sizeof(rows) / sizeof((rows)[0]))

static void
lines_that_are_no_ini(void **state)
{
    static const struct row rows[] = {
        {"nonsense\n", ":1: expected KEY = VALUE, [SECTION] or a comment"},
        {"[server]\n\n# x\nbatch-max\n", ":4: expected KEY = VALUE, [SECTION] or a comment"},
        {"batch-max = 1\n", ":1: a key stands before the first section"},
        {"[server\n", ":1: a section is [server] or [pool NAME] alone on its line"},
        {"[server] x\n", ":1: a section is [server] or [pool NAME] alone on its line"},
        {"[server];x\n", ":1: a section is [server] or [pool NAME] alone on its line"},
        {"[server]\nbatch-max = 1\n [pool x]\n", ":3: a section begins at the start of its line"},
        {"[server]\nbatch-max = 1\n queue-max = 2\n",
         ":3: an indented line continues 'batch-max', which takes one value"},
        {"[server]\nlisten = unix:/a\n queue-max = 2\n",
         ":3: an indented line continues 'listen'; a key begins at the start of its line"},
        {"[server]\nlisten = unix:/a\n queue-max: 2\n",
         ":3: an indented line continues 'listen'; a key begins at the start of its line"},
        {"[server]\nbatch-max = 1\x01\n", ":2: the line holds a control character (0x01)"},
        {"[server]\nlisten = unix:/a\x7f\n", ":2: the line holds a control character (0x7f)"},
        {"[server]\r\rx = 1\n", ":1: the line holds a control character (0x0d)"},
        // the first error counts, whoever finds it
        {"[server]\nnonsense\nbatch-max = x\n", ":2: expected KEY = VALUE, [SECTION] or a comment"},
        {"[server]\nbatch-max = x\nnonsense\n",
         ":2: batch-max: 'x' is not a whole number from 1 to 1000000"},
        {"[pool p]\n[server]\nlisten = unix:/a unix:/a\n", ":1: [pool p]" NEEDS_ONE},
    };

    CHECK_ROWS(*state, rows);
}

static void
sections_and_keys_that_do_not_exist(void **state)
{
    static const struct row rows[] = {
        {"[]\n", ":1: unknown section '[]' (there are [server] and [pool NAME])"},
        {"[Server]\n", ":1: unknown section '[Server]' (there are [server] and [pool NAME])"},
        {"[pools]\n", ":1: unknown section '[pools]' (there are [server] and [pool NAME])"},
        {"[pool]\n", ":1: unknown section '[pool]' (there are [server] and [pool NAME])"},
        {"[pool 1x]\n",
         ":1: the pool's name '1x' is not a letter with letters, digits, '-' and '_' after it"},
        {"[pool a.b]\n",
         ":1: the pool's name 'a.b' is not a letter with letters, digits, '-' and '_' after it"},
        {"[pool a b]\n",
         ":1: the pool's name 'a b' is not a letter with letters, digits, '-' and '_' after it"},
        {"[pool server]\n", ":1: the pool's name 'server' " RESERVED},
        {"[pool job]\n", ":1: the pool's name 'job' " RESERVED},
        {"[pool abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl]\n",
         ":1: the pool's name 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl' "
         "is too long: 63 bytes at most"},
        {"[server]\nthreads = 1\n", ":2: unknown key 'threads' in [server]"},
        {"[pool cpu]\nproceses = 1\n",
         ":2: unknown key 'proceses' in [pool cpu] (did you mean 'processes'?)"},
        {"[pool cpu]\nmax-batch = 1\n",
         ":2: unknown key 'max-batch' in [pool cpu] (did you mean 'max-age'?)"},
        {"[server]\n= 1\n", ":2: unknown key '' in [server]"},
        {"[server]\nListen = unix:/a\n",
         ":2: unknown key 'Listen' in [server] (did you mean 'listen'?)"},
        {"[pool cpu]\nplugins = x\n",
         ":2: unknown key 'plugins' in [pool cpu] (did you mean 'plugin'?)"},
        {"[pool cpu]\nbuiltin = yes\nbuiltin = yes\n",
         ":3: 'builtin' is given twice (first in line 2)"},
        {"[server]\nbatch-max = 1\n[pool p]\nbuiltin = yes\n[server]\nbatch-max = 1\n",
         ":6: 'batch-max' is given twice (first in line 2)"},
    };

    CHECK_ROWS(*state, rows);
}

static void
values_out_of_bounds(void **state)
{
    static const struct row rows[] = {
        {"[server]\nbatch-max =\n", ":2: batch-max: '' is not a whole number from 1 to 1000000"},
        {"[server]\nbatch-max = 0\n", ":2: batch-max: '0' is not a whole number from 1 to 1000000"},
        {"[server]\nbatch-max = 1000001\n",
         ":2: batch-max: '1000001' is not a whole number from 1 to 1000000"},
        {"[server]\ndepth-max = 1025\n",
         ":2: depth-max: '1025' is not a whole number from 1 to 1024"},
        {"[server]\nsessions-max = -1\n",
         ":2: sessions-max: '-1' is not a whole number from 1 to 1000000"},
        {"[server]\nqueue-max = 4294967297\n",
         ":2: queue-max: '4294967297' is not a whole number from 1 to 100000000"},
        {"[server]\nline-max = 1023\n", ":2: line-max: '1023' is not a size from 1K to 1G"},
        {"[server]\nline-max = 1073741825\n",
         ":2: line-max: '1073741825' is not a size from 1K to 1G"},
        {"[server]\nline-max = 4 M\n", ":2: line-max: '4 M' is not a size from 1K to 1G"},
        {"[server]\noutput-max = 4095\n", ":2: output-max: '4095' is not a size from 4K to 1G"},
        {"[server]\nqueue-memory-max = 1025G\n",
         ":2: queue-memory-max: '1025G' is not a size from 4K to 1T"},
        {"[server]\ndrain-timeout = 2d\n",
         ":2: drain-timeout: '2d' is not a time from 0s to 1d, such as 10s, 250ms or 5min"},
        {"[server]\nwrite-timeout = 0\n",
         ":2: write-timeout: '0' is not a time from 1ms to 1d, such as 10s, 250ms or 5min"},
        {"[server]\nsocket-mode = 0800\n",
         ":2: socket-mode: '0800' is not an octal mode from 0000 to 0777"},
        {"[server]\nsocket-mode = 1777\n",
         ":2: socket-mode: '1777' is not an octal mode from 0000 to 0777"},
        {"[server]\nsocket-mode = 00600\n",
         ":2: socket-mode: '00600' is not an octal mode from 0000 to 0777"},
        {"[server]\nsocket-mode = rw\n",
         ":2: socket-mode: 'rw' is not an octal mode from 0000 to 0777"},
        {"[server]\nlog-level = loud\n",
         ":2: log-level: 'loud' is not error, warning, notice, info or debug"},
        {"[server]\nweight = root\n", ":2: weight: 'root': not USER:N"},
        {"[server]\nweight = :5\n", ":2: weight: ':5': not USER:N"},
        {"[server]\nweight = 1:2\n  2:0\n",
         ":3: weight: '2:0': the weight is not a whole number from 1 to 10000"},
        {"[server]\nweight = 1:10001\n",
         ":2: weight: '1:10001': the weight is not a whole number from 1 to 10000"},
        {"[server]\nweight = 1:\n",
         ":2: weight: '1:': the weight is not a whole number from 1 to 10000"},
        {"[server]\nweight = 4294967295:1\n", ":2: weight: '4294967295:1': no user has that name"},
        {"[server]\nweight = no-such-user:1\n",
         ":2: weight: 'no-such-user:1': no user has that name"},
        {"[server]\nweight = root:1 0:1\n", ":2: weight: '0:1': that user has a weight already"},
        {"[pool p]\nbuiltin = perhaps\n", ":2: builtin: 'perhaps' is not yes or no"},
        {"[pool p]\nprocesses = 0\n",
         ":2: processes: '0' is not auto, a whole number from 1 to 1024, or MIN..MAX of such"},
        {"[pool p]\nprocesses = 1025\n",
         ":2: processes: '1025' is not auto, a whole number from 1 to 1024, or MIN..MAX of such"},
        {"[pool p]\nthreads = auto\n", ":2: threads: 'auto' is not a whole number from 1 to 1024"},
        {"[server]\nbatch-max = \xff\\\n",
         ":2: batch-max: '\\xff\\\\' is not a whole number from 1 to 1000000"},
        {"[pool p]\nmethods = a # b\n",
         ":2: methods: '#' looks like a comment (behind a value one begins with ' ;')"},
        {"[pool p]\nprogram =;/bin/a\n",
         ":2: program: ';/bin/a' looks like a comment (behind a value one begins with ' ;')"},
    };

    CHECK_ROWS(*state, rows);
}

static void
addresses_that_are_not_served(void **state)
{
    static const struct row rows[] = {
        {"[server]\nlisten =\n", ":2: listen: an address is missing"},
        {"[server]\nlisten = /run/x\n",
         ":2: listen: '/run/x': an address is unix:PATH, tcp:HOST:PORT or systemd:NAME"},
        {"[server]\nlisten = unix:/a\n  tcp:127.0.0.1\n",
         ":3: listen: 'tcp:127.0.0.1': the port is missing: tcp:HOST:PORT"},
        {"[server]\nlisten = unix:/a tcp:127.0.0.1:1 unix:/a\n",
         ":2: listen: unix:/a is given twice"},
        {"[server]\nlisten = tcp:0.0.0.0:7707\n", ":2: listen: tcp:0.0.0.0:7707" NO_LOOPBACK},
        {"[server]\nlisten = tcp:0:7707\n", ":2: listen: tcp:0:7707" NO_LOOPBACK},
        {"[server]\nlisten = tcp:10.0.0.1:0\n", ":2: listen: tcp:10.0.0.1:0" NO_LOOPBACK},
        {"[server]\nlisten = tcp:[::]:1\n", ":2: listen: tcp:[::]:1" NO_LOOPBACK},
        {"[server]\nlisten = tcp:[::ffff:0.0.0.0]:1\n",
         ":2: listen: tcp:[::ffff:0.0.0.0]:1" NO_LOOPBACK},
        {"[server]\nlisten = tcp:127.0.0.1:1\n\n   tcp:[2001:db8::1]:1\n",
         ":2: listen: tcp:[2001:db8::1]:1" NO_LOOPBACK},
    };

    CHECK_ROWS(*state, rows);
}

static void
pools_that_make_no_sense(void **state)
{
    static const struct row rows[] = {
        {"[server]\n\n[pool p]\n", ":3: [pool p]" NEEDS_ONE},
        {"[pool p]\nbuiltin = no\n", ":1: [pool p]" NEEDS_ONE},
        {"[pool p]\nbuiltin = yes\n\nprogram = /bin/a\n",
         ":4: [pool p] has more than one of builtin, program, plugin and command"},
        {"[pool p]\nplugin = /a.so\nbuiltin = yes\n",
         ":2: [pool p] has more than one of builtin, program, plugin and command"},
        {"[pool p]\nprogram = /bin/a\nmethods = x\nin-flight = 2\nthreads = 2\n",
         ":4: in-flight is for programs, without threads"},
        {"[pool p]\nbuiltin = yes\nin-flight = 2\n",
         ":3: in-flight is for programs, without threads"},
        {"[pool p]\nprogram =\nmethods = x\n", ":2: program: a path is missing"},
        {"[pool p]\nprogram = a\nmethods = x\n", ":2: program: 'a' is not an absolute path"},
        {"[pool p]\nprogram = ./a\nmethods = x\n", ":2: program: './a' is not an absolute path"},
        {"[pool p]\nprogram = /bin/a\n",
         ":1: [pool p] has a program, so it needs methods = METHOD..."},
        {"[pool p]\nprogram = /bin/a\nmethods =\n", ":3: methods: a name is missing"},
        {"[pool p]\nbuiltin = yes\nmethods = echo sort\n",
         ":3: methods: 'sort' is not built in (there are echo and sum_squares)"},
        {"[pool p]\nbuiltin = yes\nmethods = echo\nmethods = echo\n",
         ":3: methods: 'echo' is given twice"},
        {"[pool p]\nprogram = /a\nmethods = sleep\n", ":3: methods: 'sleep' " RESERVED},
        {"[pool p]\nprogram = /a\nmethods = rpc.x\n", ":3: methods: 'rpc.x' " RESERVED},
        {"[pool p]\nprogram = /a\nmethods = job.x\n", ":3: methods: 'job.x' " RESERVED},
        {"[pool p]\nprogram = /a\nmethods = pool.x\n", ":3: methods: 'pool.x' " RESERVED},
        {"[pool p]\nprogram = /a\nmethods = server.x\n", ":3: methods: 'server.x' " RESERVED},
        {"[pool p]\nprogram = /a\nmethods = worker.x\n", ":3: methods: 'worker.x' " RESERVED},
        {"[pool p]\nprogram = /a\nmethods = $/x\n", ":3: methods: '$/x' " RESERVED},
        {"[pool p]\nprogram = /a\nmethods = \"x\"\n", ":3: methods: '\"x\"' " METHODS_HELP},
        {"[pool p]\nprogram = /a\nmethods = a\\b\n", ":3: methods: 'a\\\\b' " METHODS_HELP},
        {"[pool p]\nprogram = /a\nmethods = gc, revcomp\n",
         ":3: methods: 'gc,' has a comma or a semicolon (names stand apart by white space)"},
        {"[pool p]\nprogram = /a\nmethods = a\n b,c\n",
         ":3: methods: 'b,c' has a comma or a semicolon (names stand apart by white space)"},
        {"[pool p]\nprogram = /a\nmethods = a; b\n",
         ":3: methods: 'a;' has a comma or a semicolon (names stand apart by white space)"},
        {"[pool p]\nprogram = /a\nmethods = \xc3\xa4\n", ":3: methods: '\xc3\xa4' " METHODS_HELP},
        {"[pool p]\nprogram = /a\nmethods = q.x\n[pool q]\nprogram = /b\nmethods = x\n",
         ":3: methods: 'q.x' is also POOL.METHOD of a method"},
        {"[pool q]\nbuiltin = yes\n[pool p]\nprogram = /a\nmethods = x q.echo\n",
         ":5: methods: 'q.echo' is also POOL.METHOD of a method"},
        {"[pool p]\nprogram = /a\nmethods = x p.x\n",
         ":3: methods: 'p.x' is also POOL.METHOD of a method"},
    };

    CHECK_ROWS(*state, rows);
}

// What a job's process is started with is a template, in whichever key it stands.
static void
commands_that_are_no_templates(void **state)
{
    static const struct row rows[] = {
        {"[pool p]\nmethods = x\ncommand = /bin/echo {x\n",
         ":3: command: argument 1: '{' without '}' " BRACES},
        {"[pool p]\nmethods = x\ncommand = /bin/echo a x}\n",
         ":3: command: argument 2: '}' without '{' ('}}' stands for a brace)"},
        {"[pool p]\ncommand = /bin/echo {}\nmethods = x\n",
         ":2: command: argument 1: '{}' has no name"},
        {"[pool p]\ncommand = /bin/{x}\nmethods = x\n",
         ":2: command: argument 0: no placeholder may stand here"},
        {"[pool p]\ncommand = /bin/echo {a.b}\nmethods = x\n",
         ":2: command: argument 1: a placeholder's name has letters, digits, '-' and '_' "
         "only " BRACES},
        {"[pool p]\ncommand = /bin/echo {x}\nmethods = x\nenvironment = A={x}\n B={slot\n",
         ":4: environment: environment value 2: '{' without '}' " BRACES},
        {"[pool p]\ncommand = /bin/echo\nmethods = x\nenvironment = {slot}=1\n",
         ":4: environment: environment value 1: no placeholder may stand here"},
        {"[pool p]\ncommand = /bin/cat\nmethods = x\nstdin = {body}\n",
         ":4: stdin: the param for stdin cannot have this name (letters, digits, '-' and '_')"},
        {"[pool p]\ncommand = /bin/cat\nstdin = slot\nmethods = x\n",
         ":3: stdin: the param for stdin cannot have this name (letters, digits, '-' and '_')"},
        // what comes first counts
        {"[pool p]\nenvironment = A={\ncommand = /bin/echo {\nmethods = x\n",
         ":2: environment: environment value 1: '{' without '}' " BRACES},
        {"[pool p]\ncommand = /bin/echo {x}\nmethods = x\nthreads = 2\n",
         ":4: a command has no threads, only processes"},
        {"[pool p]\ncommand = /bin/echo {x}\nmethods = x\nin-flight = 2\n",
         ":4: in-flight is for programs, without threads"},
    };

    CHECK_ROWS(*state, rows);
}

// Each key has few names, together they have too many.
static void
too_many_placeholders_in_all(void **state)
{
    char text[2000] = "[pool p]\nmethods = x\ncommand = /bin/echo\n";

    for (int i = 0; i < 64; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "  {p%d}\n", i);
    folder_write(*state, "offloadd.conf", text);
    config_free(folder_load(*state, NULL));
    strcat(text, "environment = A={p0}\n");
    folder_write(*state, "offloadd.conf", text);
    config_free(folder_load(*state, NULL));
    strcat(text, "stdin = one_more\n");
    folder_write(*state, "offloadd.conf", text);
    folder_expect_error(*state, NULL, "offloadd.conf:3: command: too many placeholders");
}

// Names that look much like the forbidden ones, but clash with nothing.
static void
names_that_are_allowed(void **state)
{
    struct config *config;

    folder_write(*state, "offloadd.conf",
                 "[pool p]\nprogram = /a\n"
                 "methods = rpc jobs.x serverx $x sleep.x x q.y q. .x p.p.x {\"'}\n");
    assert_null(folder_try(*state, NULL)); // for the quote alone
    folder_write(*state, "offloadd.conf",
                 "[pool p]\nprogram = /a\n"
                 "methods = rpc jobs.x serverx $x sleep.x x q.y q. .x p.p.x {'}\n"
                 "[pool q]\nprogram = /a\nmethods = x\n");
    config = folder_load(*state, NULL);
    assert_string_equal(config->pools[0].methods[9], "p.p.x");
    config_free(config);
}

static void
too_long_lines_are_refused_whole(void **state)
{
    folder_write(*state, "offloadd.conf", LINE_199 "\n[server]\n" LINE_199 "\r\n");
    folder_expect_error(*state, NULL,
                        "offloadd.conf:3: the line is longer than 199 bytes (a list may go on in "
                        "an indented line)");
    folder_write(*state, "offloadd.conf", LINE_199 "\n[server]\n" LINE_199);
    config_free(folder_load(*state, NULL));
    folder_write(*state, "offloadd.conf", "[server]\n" LINE_199 "0");
    folder_expect_error(*state, NULL,
                        "offloadd.conf:2: the line is longer than 199 bytes (a list may go on in "
                        "an indented line)");
}

static void
nul_bytes_are_refused(void **state)
{
    static const char text[] = "[server]\nbatch-max = 1\0 2\n";

    folder_write_bytes(*state, "offloadd.conf", text, sizeof(text) - 1);
    folder_expect_error(*state, NULL, "offloadd.conf:2: the line holds a control character (0x00)");
}

static void
files_that_cannot_be_read(void **state)
{
    struct folder *folder = *state;
    const struct config_source zero = {.path = "/dev/zero"};
    const struct config_source directory = {.path = folder->directory, .path_optional = true};
    char expected[256];

    folder_expect_error(folder, NULL, "offloadd.conf: No such file or directory");
    assert_null(config_load(&directory, &folder->error));
    snprintf(expected, sizeof(expected), "%s: Is a directory", folder->directory);
    assert_string_equal(folder->error.text, expected);
    // endless input ends at the first line
    assert_null(config_load(&zero, &folder->error));
    assert_non_null(strstr(folder->error.text, "/dev/zero:1: the line is longer than"));
}

static void
errors_in_drop_ins_name_their_file(void **state)
{
    folder_write(*state, "offloadd.conf", "[server]\n");
    folder_write(*state, "offloadd.conf.d/a.conf", "[server]\n\nbatch-max = x\n");
    folder_expect_error(*state, NULL,
                        "offloadd.conf.d/a.conf:3: batch-max: 'x' is not a whole number from 1 to "
                        "1000000");
}

static void
errors_on_the_command_line_show_it(void **state)
{
    static const char wrong[] = "expected server.KEY=VALUE or pool.NAME.KEY=VALUE";
    static const struct {
        const char *set;
        const char *error;
    } rows[] = {
        {"", wrong},
        {"x", wrong},
        {"=", wrong},
        {"batch-max=1", wrong},
        {"server.batch-max", wrong},
        {"pool.cpu=1", wrong},
        {"pool.cpu.proceses=2", "unknown key 'proceses' in [pool cpu] (did you mean 'processes'?)"},
        {"server.batch-max =1", "unknown key 'batch-max ' in [server] (did you mean 'batch-max'?)"},
        {"server.batch-max=x", "batch-max: 'x' is not a whole number from 1 to 1000000"},
        {"pool..threads=1", "the pool's name '' is missing"},
        {"pool.new.threads=1", "[pool new]" NEEDS_ONE},
        {"pool.cpu.program=/bin/a",
         "[pool cpu] has more than one of builtin, program, plugin and command"},
        {"server.listen=", "listen: an address is missing"},
        {"server.listen=tcp:1.2.3.4:1", "listen: tcp:1.2.3.4:1" NO_LOOPBACK},
    };

    folder_write(*state, "offloadd.conf", "[server]\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char expected[512];

        snprintf(expected, sizeof(expected), "--set %s: %s", rows[i].set, rows[i].error);
        folder_expect_error(*state, rows[i].set, expected);
    }
    folder_expect_error(*state, "server.log-level=in\nfo",
                        "--set server.log-level=in\\x0afo: the value holds a control character");
    folder_write(*state, "offloadd.conf", "[pool p]\nprogram = /bin/a\nmethods = x\n");
    folder_expect_error(*state, "pool.p.program=a",
                        "--set pool.p.program=a: program: 'a' is not a path (with a '/' in it)");
}

static void
errors_of_listen_options(void **state)
{
    static const struct {
        const char *address;
        const char *error;
    } rows[] = {
        {"", "listen: an address is missing"},
        {"x", "listen: 'x': an address is unix:PATH, tcp:HOST:PORT or systemd:NAME"},
        {"tcp:0.0.0.0:0", "listen: tcp:0.0.0.0:0" NO_LOOPBACK},
        {"unix:/a\nb", "the address holds a control character"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct config_source source = {.listen = &rows[i].address, .listen_count = 1};
        struct config_error error;
        char expected[512];

        assert_null(config_load(&source, &error));
        snprintf(expected, sizeof(expected), "--listen: %s", rows[i].error);
        assert_string_equal(error.text, expected);
    }
}

// However long the path is, the message is still there.
static void
long_paths_leave_room_for_the_message(void **state)
{
    char path[4000] = "/";
    const struct config_source source = {.path = path};
    struct config_error error;

    (void)state;
    while (strlen(path) < 3900)
        strcat(path, "./././././");
    strcat(path, "dev/zero");
    assert_null(config_load(&source, &error));
    assert_non_null(strstr(error.text, "/dev/zero:1: the line is longer than 199 bytes"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_setup, folder_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(lines_that_are_no_ini),
        IN_FOLDER(sections_and_keys_that_do_not_exist),
        IN_FOLDER(values_out_of_bounds),
        IN_FOLDER(addresses_that_are_not_served),
        IN_FOLDER(pools_that_make_no_sense),
        IN_FOLDER(commands_that_are_no_templates),
        IN_FOLDER(too_many_placeholders_in_all),
        IN_FOLDER(names_that_are_allowed),
        IN_FOLDER(too_long_lines_are_refused_whole),
        IN_FOLDER(nul_bytes_are_refused),
        IN_FOLDER(files_that_cannot_be_read),
        IN_FOLDER(errors_in_drop_ins_name_their_file),
        IN_FOLDER(errors_on_the_command_line_show_it),
        cmocka_unit_test(errors_of_listen_options),
        cmocka_unit_test(long_paths_leave_room_for_the_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
