// Building; see message.h.
#include "common/message.h"
#include "common/utf8.h"

#include <stdlib.h>
#include <string.h>

static int
add_piece(struct iovec *iov, int count, struct span piece)
{
    iov[count] = (struct iovec){.iov_base = (void *)(uintptr_t)piece.at, .iov_len = piece.length};
    return count + 1;
}

static struct span
or_null(struct span value)
{
    return span_present(value) ? value : SPAN("null");
}

static int
response_iov(struct iovec *iov, struct span id, struct span member, struct span value)
{
    int count = 0;

    count = add_piece(iov, count, SPAN("{\"jsonrpc\":\"2.0\",\"id\":"));
    count = add_piece(iov, count, or_null(id));
    count = add_piece(iov, count, member);
    count = add_piece(iov, count, or_null(value));
    return add_piece(iov, count, SPAN("}"));
}

int
message_result_iov(struct iovec *iov, struct span id, struct span result)
{
    return response_iov(iov, id, SPAN(",\"result\":"), result);
}

int
message_error_iov(struct iovec *iov, struct span id, struct span error)
{
    return response_iov(iov, id, SPAN(",\"error\":"), error);
}

int
message_request_iov(struct iovec *iov, struct span id, struct span method, struct span params)
{
    int count = 0;

    count = add_piece(iov, count, SPAN("{\"jsonrpc\":\"2.0\""));
    if (span_present(id)) {
        count = add_piece(iov, count, SPAN(",\"id\":"));
        count = add_piece(iov, count, id);
    }
    count = add_piece(iov, count, SPAN(",\"method\":\""));
    count = add_piece(iov, count, method);
    if (!span_present(params))
        return add_piece(iov, count, SPAN("\"}"));
    count = add_piece(iov, count, SPAN("\",\"params\":"));
    count = add_piece(iov, count, params);
    return add_piece(iov, count, SPAN("}"));
}

bool
message_method_is_plain(struct span method)
{
    for (size_t i = 0; i < method.length; i++) {
        char byte = method.at[i];

        if (byte < 0x20 || byte > 0x7E || byte == '"' || byte == '\\')
            return false;
    }
    return true;
}

char *
message_join(const struct iovec *iov, int count, size_t *ret_length)
{
    size_t length = 0;
    char *joined, *out;

    for (int i = 0; i < count; i++)
        length += iov[i].iov_len;
    joined = malloc(length + 1);
    if (joined == NULL)
        return NULL;
    out = joined;
    for (int i = 0; i < count; i++)
        if (iov[i].iov_len > 0)
            out = mempcpy(out, iov[i].iov_base, iov[i].iov_len);
    *out = '\0';
    *ret_length = length;
    return joined;
}

// The longest that one byte can become: \u001f.
#define QUOTED_BYTE_MAX 6

// How the character at `at` stands in a JSON string: writes it and says how long it is; *ret_taken
// is how many bytes of the text it used up.
static size_t
quote_one(const char *at, const char *end, char into[QUOTED_BYTE_MAX], size_t *ret_taken)
{
    static const char digits[] = "0123456789abcdef";
    static const char letters[] = {
        ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
        ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
    };
    unsigned char byte = (unsigned char)*at;

    *ret_taken = 1;
    if (byte < sizeof(letters) && letters[byte] != 0) {
        into[0] = '\\';
        into[1] = letters[byte];
        return 2;
    }
    if (byte < 0x20) {
        memcpy(into, "\\u00", 4);
        into[4] = digits[byte >> 4];
        into[5] = digits[byte & 15];
        return 6;
    }
    if (byte < 0x80) {
        into[0] = *at;
        return 1;
    }
    *ret_taken = utf8_sequence(at, end);
    if (*ret_taken == 0) {
        *ret_taken = 1;
        return utf8_write(0xFFFD, into);
    }
    memcpy(into, at, *ret_taken);
    return *ret_taken;
}

// Writes the quoted text to `into` unless that is NULL; returns its length.
static size_t
quote_all(struct span text, char *into)
{
    size_t length = 0, taken;

    for (size_t i = 0; i < text.length; i += taken) {
        char one[QUOTED_BYTE_MAX];
        size_t size = quote_one(text.at + i, text.at + text.length, one, &taken);

        if (into != NULL)
            memcpy(into + length, one, size);
        length += size;
    }
    return length;
}

char *
message_quote(struct span text, size_t *ret_length)
{
    size_t inside = quote_all(text, NULL);
    char *quoted = malloc(inside + 3);

    if (quoted == NULL)
        return NULL;
    quoted[0] = '"';
    quote_all(text, quoted + 1);
    quoted[inside + 1] = '"';
    quoted[inside + 2] = '\0';
    *ret_length = inside + 2;
    return quoted;
}
