// How fast the scanner and the message module are beside jansson, on what the daemon really does:
// reading a line (messages_parse, or scanner_check where the text is no message) against
// json_loadb, and writing an answer (message_result_iov and message_join) against json_dumps.
//
// Both sides take turns for some rounds; the median of the rounds is printed, so that a moment in
// which the machine did something else does not count.
#include "common/message.h"
#include "common/scanner.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS   15
#define ROUND_NS 20e6 // how long one side's turn is about to take
#define MIB      ((size_t)1 << 20)

static const struct message_limits limits = {.depth_max = 1024, .batch_max = 1024};

// What a case works on.
struct subject {
    char *text;
    size_t length;
    struct messages messages;
    json_t *answer;     // for writing with jansson: {"jsonrpc":"2.0","id":...,"result":...}
    struct span result; // for splicing
};

struct bench {
    const char *name;
    void (*ours)(struct subject *subject);
    void (*jansson)(struct subject *subject);
    char *(*make)(size_t *ret_length);
};

// A value the compiler must believe to be used.
static void
keep(const void *value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

static void
must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench_scanner: %s failed\n", what);
    exit(1);
}

static void
parse_ours(struct subject *subject)
{
    must(messages_parse(&subject->messages, subject->text, subject->length, &limits, NULL) ==
             MESSAGES_OK,
         "messages_parse");
    keep(subject->messages.items);
}

static void
check_ours(struct subject *subject)
{
    must(scanner_check((struct span){subject->text, subject->length}, 1024) == SCAN_OK,
         "scanner_check");
}

static void
parse_jansson(struct subject *subject)
{
    json_t *value = json_loadb(subject->text, subject->length, JSON_DECODE_ANY, NULL);

    must(value != NULL, "json_loadb");
    keep(value);
    json_decref(value);
}

static void
write_ours(struct subject *subject)
{
    struct iovec iov[MESSAGE_IOV_MAX];
    size_t length;
    int count = message_result_iov(iov, SPAN("123"), subject->result);
    char *text = message_join(iov, count, &length);

    must(text != NULL, "message_join");
    keep(text);
    free(text);
}

static void
write_jansson(struct subject *subject)
{
    char *text = json_dumps(subject->answer, JSON_COMPACT);

    must(text != NULL, "json_dumps");
    keep(text);
    free(text);
}

// The texts. Each is built with a stream into memory.

static char *
make_with(void (*print)(FILE *out), size_t *ret_length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_length);

    must(out != NULL, "open_memstream");
    print(out);
    must(fclose(out) == 0, "fclose");
    return text;
}

static void
print_request(FILE *out)
{
    fputs(
        "{\"jsonrpc\":\"2.0\",\"method\":\"sum_squares\",\"params\":{\"n\":1000000},\"id\":12345}",
        out);
}

static void
print_batch(FILE *out)
{
    for (int i = 0; i < 100; i++) {
        fputc(i == 0 ? '[' : ',', out);
        print_request(out);
    }
    fputc(']', out);
}

static void
print_echo(FILE *out, const char *piece)
{
    fputs("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":[\"", out);
    for (size_t size = 0; size < MIB; size += strlen(piece))
        fputs(piece, out);
    fputs("\"]}", out);
}

static void
print_ascii(FILE *out)
{
    print_echo(out, "The quick brown fox jumps over the lazy dog. ");
}

static void
print_german(FILE *out)
{
    print_echo(out, "Zw\xc3\xb6lf Boxk\xc3\xa4mpfer jagen Viktor \xc3\xbc"
                    "ber den gro\xc3\x9f"
                    "en Deich. ");
}

static void
print_chinese(FILE *out)
{
    print_echo(out, "\xe5\xa4\xa9\xe5\x9c\xb0\xe7\x8e\x84\xe9\xbb\x84\xe5\xae\x87\xe5\xae\x99");
}

static void
print_escapes(FILE *out)
{
    print_echo(out, "line\\n\\t\\\"quoted\\\" \\u00e9 ");
}

static void
print_numbers(FILE *out)
{
    for (int i = 0; i < 100000; i++)
        fprintf(out, "%c%d,%d.%03d", i == 0 ? '[' : ',', i * 7919, i % 1000, i % 997);
    fputc(']', out);
}

static void
print_nested(FILE *out)
{
    for (int i = 0; i < 2000; i++)
        fprintf(out,
                "%c{\"name\":\"item %d\",\"tags\":[\"a\",\"b\"],\"at\":{\"x\":%d,\"y\":{\"z\":"
                "[true,false,null]}}}",
                i == 0 ? '[' : ',', i, i);
    fputc(']', out);
}

static void
print_small_result(FILE *out)
{
    fputs("333332833333500000", out);
}

static void
print_big_result(FILE *out)
{
    fputs("[\"", out);
    for (size_t size = 0; size < MIB; size += 16)
        fputs("0123456789abcdef", out);
    fputs("\"]", out);
}

#define MAKE(what)                                  \
    static char *make_##what(size_t *ret_length)    \
    {                                               \
        return make_with(print_##what, ret_length); \
    }
MAKE(request)
MAKE(batch)
MAKE(ascii)
MAKE(german)
MAKE(chinese)
MAKE(escapes)
MAKE(numbers)
MAKE(nested)
MAKE(small_result)
MAKE(big_result)

static const struct bench benches[] = {
    {"read a small request", parse_ours, parse_jansson, make_request},
    {"read a batch of 100", parse_ours, parse_jansson, make_batch},
    {"read 1 MiB of ASCII", parse_ours, parse_jansson, make_ascii},
    {"read 1 MiB of German", parse_ours, parse_jansson, make_german},
    {"read 1 MiB of Chinese", parse_ours, parse_jansson, make_chinese},
    {"read 1 MiB of escapes", parse_ours, parse_jansson, make_escapes},
    {"check 200 000 numbers", check_ours, parse_jansson, make_numbers},
    {"check nested objects", check_ours, parse_jansson, make_nested},
    {"write a small answer", write_ours, write_jansson, make_small_result},
    {"write 1 MiB of answer", write_ours, write_jansson, make_big_result},
};

static double
now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double
time_ns(void (*run)(struct subject *subject), struct subject *subject, size_t times)
{
    double start = now_ns();

    for (size_t i = 0; i < times; i++)
        run(subject);
    return (now_ns() - start) / (double)times;
}

static size_t
times_for_a_round(void (*run)(struct subject *subject), struct subject *subject)
{
    double once = time_ns(run, subject, 10);

    return once * 2 > ROUND_NS ? 2 : (size_t)(ROUND_NS / once);
}

static int
compare_double(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static double
median(double *values, size_t count)
{
    qsort(values, count, sizeof(values[0]), compare_double);
    return values[count / 2];
}

static void
print_row(const struct bench *bench, size_t length, double ours_ns, double jansson_ns)
{
    printf("%-24s %10zu %13.0f %9.0f %13.0f %9.0f %8.1fx\n", bench->name, length, ours_ns,
           (double)length / ours_ns * 1e3, jansson_ns, (double)length / jansson_ns * 1e3,
           jansson_ns / ours_ns);
}

static void
run_bench(const struct bench *bench)
{
    struct subject subject = {0};
    double ours[ROUNDS], theirs[ROUNDS];
    size_t our_times, their_times;

    messages_init(&subject.messages);
    subject.text = bench->make(&subject.length);
    subject.result = (struct span){.at = subject.text, .length = subject.length};
    subject.answer = json_pack("{s:s, s:i, s:o}", "jsonrpc", "2.0", "id", 123, "result",
                               json_loadb(subject.text, subject.length, JSON_DECODE_ANY, NULL));
    must(subject.answer != NULL, "json_pack");
    our_times = times_for_a_round(bench->ours, &subject);
    their_times = times_for_a_round(bench->jansson, &subject);
    for (size_t i = 0; i < ROUNDS; i++) {
        ours[i] = time_ns(bench->ours, &subject, our_times);
        theirs[i] = time_ns(bench->jansson, &subject, their_times);
    }
    print_row(bench, subject.length, median(ours, ROUNDS), median(theirs, ROUNDS));
    json_decref(subject.answer);
    messages_done(&subject.messages);
    free(subject.text);
}

int
main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%-24s %10s %13s %9s %13s %9s %9s\n", "", "bytes", "offload ns", "MB/s", "jansson ns",
           "MB/s", "faster");
    for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++)
        run_bench(&benches[i]);
    return 0;
}
