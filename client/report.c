// See report.h. The message of an error is composed in memory and written at once, so that messages
// of several clients on one terminal do not mix.
#include "client/report.h"

#include "common/errors.h"
#include "common/log.h"
#include "common/member.h"
#include "common/scanner.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// Text that was checked to be UTF-8, but may hold what moves a terminal's cursor: the control
// characters C0, DEL and C1 (in UTF-8: C2 80 to C2 9F) are shown as JSON escapes.
static void
put_safe(FILE *out, struct span text)
{
    const unsigned char *at = (const unsigned char *)text.at;
    size_t i = 0;

    while (i < text.length) {
        bool c1 = at[i] == 0xc2 && i + 1 < text.length && at[i + 1] < 0xa0;

        if (c1)
            fprintf(out, "\\u%04x", at[i + 1]);
        else if (at[i] < 0x20 || at[i] == 0x7f)
            fprintf(out, "\\u%04x", at[i]);
        else
            putc(at[i], out);
        i += c1 ? 2 : 1;
    }
}

static void
write_message(const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; // nobody left to tell
        text += written;
        length -= (size_t)written;
    }
}

void
report_problem(const char *format, ...)
{
    char *text = NULL;
    char *line = NULL;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    length = asprintf(&line, "offload: %s\n", text);
    if (length >= 0)
        write_message(line, (size_t)length);
    free(line);
    free(text);
}

int
report_no_memory(void)
{
    report_problem("out of memory");
    return REPORT_STATUS_MEMORY;
}

int
report_stdout(int error)
{
    if (error == 0)
        return 0;
    if (error == EPIPE)
        return REPORT_STATUS_PIPE;
    report_problem("cannot write to stdout: %s", strerror(error));
    return REPORT_STATUS_IO;
}

static int
error_code(struct span error)
{
    int code = 0;

    member_int(member_find(error, "code"), &code);
    return code;
}

int
report_error_status(struct span error)
{
    return error_exit_status(error_code(error));
}

// A JSON string's text; anything else as the JSON that it is.
static void
put_json(FILE *out, struct span raw)
{
    char *text;

    if (raw.length < 2 || raw.at[0] != '"' || (text = malloc(raw.length)) == NULL) {
        put_safe(out, raw);
        return;
    }
    struct span inside = {raw.at + 1, raw.length - 2};

    put_safe(out, (struct span){text, scanner_unescape(inside, text)});
    free(text);
}

static const char *
text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void
put_text(FILE *out, const char *text)
{
    put_safe(out, span_of(text));
}

static void
put_cause(FILE *out, const json_t *data)
{
    const char *cause = text_of(data, "cause");
    const char *signal = text_of(data, "signal");
    const char *reason = text_of(data, "reason");
    const char *offending = text_of(data, "text");
    const json_t *exit_code = json_object_get(data, "exit_code");

    if (strcmp(cause, "oom") == 0) {
        fputs("killed for want of memory", out);
    } else if (signal != NULL) {
        fputs("killed by ", out);
        put_text(out, signal);
    } else if (json_is_integer(exit_code)) {
        fprintf(out, "exited with status %" JSON_INTEGER_FORMAT, json_integer_value(exit_code));
    } else if (strcmp(cause, "start") == 0) {
        fputs("could not be started", out);
    } else if (reason == NULL || strcmp(cause, "protocol") != 0) { // that is the message itself
        put_text(out, cause);
    }
    if (reason != NULL) {
        fputs(strcmp(cause, "protocol") == 0 ? "" : ": ", out);
        put_text(out, reason);
    }
    if (offending != NULL && offending[0] != '\0') {
        fputs(": ", out);
        put_text(out, offending);
    }
}

// "killed by SIGKILL (pool cpu, worker 4711, jobs done before: 12)"
static void
put_death(FILE *out, const json_t *data)
{
    const char *pool = text_of(data, "pool");
    const json_t *pid = json_object_get(data, "pid");
    const json_t *done = json_object_get(data, "jobs_done");

    fputs(": ", out);
    put_cause(out, data);
    if (pool == NULL)
        return;
    fputs(" (pool ", out);
    put_text(out, pool);
    if (json_is_integer(pid))
        fprintf(out, ", worker %" JSON_INTEGER_FORMAT, json_integer_value(pid));
    if (json_is_integer(done))
        fprintf(out, ", jobs done before: %" JSON_INTEGER_FORMAT, json_integer_value(done));
    putc(')', out);
}

// "n: wrong type; expected a whole number": `expected` may name the member again.
static void
put_expected(FILE *out, const json_t *data)
{
    const char *member = text_of(data, "member");
    const char *reason = text_of(data, "reason");
    const char *expected = text_of(data, "expected");
    size_t length = member != NULL ? strlen(member) : 0;

    fputs(": ", out);
    if (length > 0) {
        put_text(out, member);
        fputs(": ", out);
        if (strncmp(expected, member, length) == 0 && strncmp(expected + length, ": ", 2) == 0)
            expected += length + 2;
    }
    if (reason != NULL) {
        put_text(out, reason);
        fputs("; ", out);
    }
    fputs("expected ", out);
    put_text(out, expected);
}

static void
put_limit(FILE *out, const json_t *data)
{
    const json_t *most = json_object_get(data, "max");
    const json_t *retry = json_object_get(data, "retry_after");

    fputs(": beyond the limit ", out);
    put_text(out, text_of(data, "limit"));
    if (json_is_integer(most))
        fprintf(out, " of %" JSON_INTEGER_FORMAT, json_integer_value(most));
    if (json_is_number(retry))
        fprintf(out, "; try again in %g s", json_number_value(retry));
}

static void
put_lines(FILE *out, struct span text)
{
    const char *at = text.at;
    const char *end = text.at + text.length;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;

        fputs("    ", out);
        put_safe(out, (struct span){at, (size_t)(stop - at)});
        putc('\n', out);
        at = stop + (newline != NULL);
    }
}

// The known shapes of `data` in words. False if it is none of them.
static bool
put_known(FILE *out, const json_t *data)
{
    const char *reason = text_of(data, "reason");
    const char *method = text_of(data, "method");
    const json_t *offset = json_object_get(data, "offset");

    if (text_of(data, "cause") != NULL) {
        put_death(out, data);
    } else if (text_of(data, "limit") != NULL) {
        put_limit(out, data);
    } else if (text_of(data, "expected") != NULL) {
        put_expected(out, data);
    } else if (reason != NULL) {
        fputs(": ", out);
        put_text(out, reason);
        if (json_is_integer(offset))
            fprintf(out, " (at byte %" JSON_INTEGER_FORMAT ")", json_integer_value(offset));
    } else if (method != NULL) {
        fputs(": ", out);
        put_text(out, method);
    } else {
        return false;
    }
    return true;
}

// All of an error but what it has of a worker's output. *ret_data is its data, which the caller
// releases; NULL: there is none.
static void
put_error(FILE *out, struct span error, json_t **ret_data)
{
    struct span raw = member_find(error, "data");

    put_json(out, member_find(error, "message"));
    fprintf(out, " (%d)", error_code(error));
    *ret_data = NULL;
    if (!span_present(raw))
        return;
    // jansson refuses some numbers; then the raw text serves
    *ret_data = json_loadb(raw.at, raw.length, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
    if (!put_known(out, *ret_data)) {
        fputs(": ", out);
        put_json(out, raw);
    }
}

static void
put_tail(FILE *out, const json_t *data)
{
    const json_t *tail = json_object_get(data, "stderr");

    if (json_is_string(tail))
        put_lines(out, (struct span){json_string_value(tail), json_string_length(tail)});
}

char *
report_error_text(struct span error)
{
    json_auto_t *data = NULL;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (out == NULL)
        return NULL;
    put_error(out, error, &data);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

int
report_error(const char *subject, struct span error)
{
    json_auto_t *data = NULL;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (out == NULL)
        return report_error_status(error);
    fputs("offload: ", out);
    if (subject != NULL)
        fprintf(out, "%s: ", subject);
    put_error(out, error, &data);
    putc('\n', out);
    put_tail(out, data);
    if (fclose(out) == 0)
        write_message(text, length);
    free(text);
    return report_error_status(error);
}

void
report_block(struct span text)
{
    char *shown = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&shown, &length);

    if (out == NULL)
        return;
    put_lines(out, text);
    if (fclose(out) == 0)
        write_message(shown, length);
    free(shown);
}
