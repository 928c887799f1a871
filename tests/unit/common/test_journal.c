// The journal's protocol, to the byte, and that no message can become a field.
#include "common/journal.h"
#include "tests/unit/temporary.h"

#include <endian.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#define HEAD "PRIORITY=6\nSYSLOG_IDENTIFIER="

struct fixture {
    struct temporary temporary;
    char path[128];
    int fd;
    char bytes[4096];
    size_t length;
};

static void
fixture_open(struct fixture *fixture)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    memset(fixture, 0, sizeof(*fixture));
    temporary_open(&fixture->temporary);
    strcpy(fixture->path, temporary_path(&fixture->temporary, "socket"));
    snprintf(name.sun_path, sizeof(name.sun_path), "%.100s", fixture->path);
    fixture->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fixture->fd, (struct sockaddr *)&name, sizeof(name)), 0);
}

static void
fixture_close(struct fixture *fixture)
{
    close(fixture->fd);
    temporary_close(&fixture->temporary);
}

// The fields before the message as text; the message must be this one, to the byte.
static const char *
sent(struct fixture *fixture, const char *subject, struct span message, const char *whole,
     size_t whole_length)
{
    static const char tag[] = "MESSAGE\n";
    uint64_t length;
    char *begin;
    ssize_t n;

    assert_true(journal_send(fixture->path, 6, subject, message));
    n = recv(fixture->fd, fixture->bytes, sizeof(fixture->bytes), 0);
    assert_true(n > 0);
    begin = memmem(fixture->bytes, (size_t)n, tag, strlen(tag));
    assert_non_null(begin);
    memcpy(&length, begin + strlen(tag), sizeof(length));
    assert_int_equal(le64toh(length), whole_length);
    assert_int_equal((begin - fixture->bytes) + (ssize_t)(strlen(tag) + 8 + whole_length) + 1, n);
    assert_memory_equal(begin + strlen(tag) + 8, whole, whole_length);
    assert_int_equal(fixture->bytes[n - 1], '\n');
    *begin = '\0';
    assert_null(strstr(fixture->bytes, "MESSAGE"));
    return fixture->bytes;
}

static void
expect(struct fixture *fixture, const char *subject, const char *fields)
{
    char expected[512];
    char whole[512];

    snprintf(expected, sizeof(expected), HEAD "%s\n%s", program_invocation_short_name, fields);
    snprintf(whole, sizeof(whole), "%s: words", subject);
    assert_string_equal(sent(fixture, subject, SPAN("words"), whole, strlen(whole)), expected);
}

static void
test_subjects(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_open(&fixture);
    expect(&fixture, "server", "");
    expect(&fixture, "pool cpu", "POOL=cpu\n");
    expect(&fixture, "session 12", "SESSION=12\n");
    expect(&fixture, "worker cpu/3 pid 4711", "WORKER=cpu/3\nPOOL=cpu\nWORKER_PID=4711\n");
    expect(&fixture, "job 7 session 12 pool cpu", "JOB=7\nSESSION=12\nPOOL=cpu\n");
    expect(&fixture, "", "");
    expect(&fixture, "pool", "");
    expect(&fixture, "poolx cpu", "");
    expect(&fixture, "pool   cpu  ", "POOL=cpu\n");
    expect(&fixture, "pool a\nPRIORITY=0", "");
    fixture_close(&fixture);
}

// However long: what does not fit is left out whole.
static void
test_long_subject(void **state)
{
    struct fixture fixture;
    char subject[700];
    char whole[720];

    (void)state;
    fixture_open(&fixture);
    memset(subject, 'x', sizeof(subject));
    memcpy(subject, "pool ", 5);
    strcpy(subject + sizeof(subject) - 12, " session 12");
    snprintf(whole, sizeof(whole), "%s: m", subject);
    assert_non_null(
        strstr(sent(&fixture, subject, SPAN("m"), whole, strlen(whole)), "\nSESSION=12\n"));
    assert_null(strstr(fixture.bytes, "POOL"));
    fixture_close(&fixture);
}

static void
test_message_is_no_field(void **state)
{
    static const char message[] = "a\nPRIORITY=0\nMESSAGE=b\n\0MESSAGE\n\1";
    struct span span = {.at = message, .length = sizeof(message) - 1};
    struct fixture fixture;
    char whole[sizeof(message) + 3] = "s: ";

    (void)state;
    fixture_open(&fixture);
    memcpy(whole + 3, message, sizeof(message) - 1);
    sent(&fixture, "s", span, whole, sizeof(message) + 2);
    fixture_close(&fixture);
}

// No journal, or one that reads nothing: the caller hears of it at once.
static void
test_nobody(void **state)
{
    struct fixture fixture;
    int i = 0;

    (void)state;
    fixture_open(&fixture);
    while (i < 100000 && journal_send(fixture.path, 6, "server", SPAN("full")))
        i++;
    assert_in_range(i, 1, 99999);
    close(fixture.fd);
    assert_false(journal_send(fixture.path, 6, "server", SPAN("gone")));
    unlink(fixture.path);
    assert_false(journal_send(fixture.path, 6, "server", SPAN("missing")));
    fixture.fd = -1;
    fixture_close(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_long_subject),
        cmocka_unit_test(test_message_is_no_field),
        cmocka_unit_test(test_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
