// See command_json.h. The texts are spliced, not built as a tree: they may be long.
#include "pool/command_json.h"

#include "common/message.h"
#include "pool/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const char *
command_stream_name(enum command_stream stream)
{
    return stream == COMMAND_STDOUT ? "stdout" : "stderr";
}

bool
command_succeeded(const struct command_result *result)
{
    return result->death.cause == DEATH_EXIT && result->death.exit_code == 0;
}

// Bytes as a JSON string; *ret_text says whether it is text or base64.
static char *
quote(struct span bytes, bool *ret_text)
{
    size_t length;

    *ret_text = text_is_utf8(bytes);
    return *ret_text ? message_quote(bytes, &length) : text_base64(bytes);
}

// The member of one stream, "stdout":"..."; NULL when out of memory.
static char *
stream_member(enum command_stream stream, const struct command_output *output)
{
    const char *name = command_stream_name(stream);
    char count[64] = "";
    char *member;
    bool is_text;
    char *quoted = quote(output->bytes, &is_text);

    if (quoted == NULL)
        return NULL;
    if (output->truncated)
        snprintf(count, sizeof(count), ",\"%s_bytes\":%" PRIu64, name, output->total);
    if (asprintf(&member, "\"%s%s\":%s%s", name, is_text ? "" : "_base64", quoted, count) < 0)
        member = NULL;
    free(quoted);
    return member;
}

char *
command_result_json(const struct command_result *result, size_t *ret_length)
{
    const struct command_output *output = result->output;
    bool truncated = output[COMMAND_STDOUT].truncated || output[COMMAND_STDERR].truncated;
    char *out = stream_member(COMMAND_STDOUT, &output[COMMAND_STDOUT]);
    char *err = stream_member(COMMAND_STDERR, &output[COMMAND_STDERR]);
    char *json = NULL;
    int length = -1;

    if (out != NULL && err != NULL)
        length = asprintf(&json, "{\"exit_code\":%d,%s,%s%s}", result->death.exit_code, out, err,
                          truncated ? ",\"truncated\":true" : "");
    free(out);
    free(err);
    if (length < 0)
        return NULL;
    *ret_length = (size_t)length;
    return json;
}

char *
command_output_json(enum command_stream stream, struct span bytes, uint64_t seq, size_t *ret_length)
{
    bool is_text;
    char *quoted = quote(bytes, &is_text);
    char *json;
    int length;

    if (quoted == NULL)
        return NULL;
    length =
        asprintf(&json, "{\"kind\":\"output\",\"stream\":\"%s\",\"%s\":%s,\"seq\":%" PRIu64 "}",
                 command_stream_name(stream), is_text ? "text" : "base64", quoted, seq);
    free(quoted);
    if (length < 0)
        return NULL;
    *ret_length = (size_t)length;
    return json;
}
