// JSON-RPC 2.0 messages (https://www.jsonrpc.org/specification) as spans over the line they came
// in, and the pieces that responses and requests are spliced from. It knows no transport and no
// job.
//
// params, result, error and id are passed through byte for byte: they are spans of the received
// line.
#ifndef OFFLOAD_COMMON_MESSAGE_H
#define OFFLOAD_COMMON_MESSAGE_H

#include "common/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum message_kind {
    MESSAGE_REQUEST,      // method and id
    MESSAGE_NOTIFICATION, // method, no id
    MESSAGE_RESULT,       // a response with a result
    MESSAGE_ERROR,        // a response with an error
    MESSAGE_INVALID,      // JSON, but no JSON-RPC 2.0 message: `problem` says why
};

// The problem of an object that has nothing of a message.
#define MESSAGE_WITHOUT_METHOD "method is missing"

struct message {
    enum message_kind kind;
    const char *problem; // MESSAGE_INVALID: a static sentence; else NULL
    struct span id;      // raw JSON (string, number or null); absent in a notification. In an
                         // invalid message: the id if it could be told, else absent
    struct span method;  // unescaped, without quotes
    struct span params;  // raw JSON array or object; may be absent
    struct span
        options;        // raw JSON object, the extension of section 3 of protocol.md; may be absent
    struct span result; // raw JSON value
    struct span error;  // raw JSON object
};

// One line: a single message or a batch. Reused from line to line; the array grows and is kept.
struct messages {
    struct message *items;
    size_t count;
    size_t capacity;
    bool batch;
};

struct message_limits {
    unsigned depth_max; // nesting of one line
    size_t batch_max;   // elements of one batch
};

enum message_status {
    MESSAGES_OK = 0,
    MESSAGES_SYNTAX,      // not JSON, or not UTF-8: -32700
    MESSAGES_DEPTH,       // -32600
    MESSAGES_BATCH_EMPTY, // -32600
    MESSAGES_BATCH_LARGE, // -32600
    MESSAGES_NO_MEMORY,
};

// Where and why a line was refused.
struct message_fault {
    const char *reason; // a static sentence
    size_t offset;      // bytes into the line
};

void messages_init(struct messages *messages);
void messages_done(struct messages *messages);

// Parses a line (without its newline). All or nothing: on anything but MESSAGES_OK no message may
// be used, and *ret_fault is set. The spans point into `line`, which is writable because an escaped
// method name is unescaped in place; nothing else of it changes. ret_fault may be NULL.
enum message_status
messages_parse(struct messages *messages, char *line, size_t length,
               const struct message_limits *limits, struct message_fault *ret_fault);

// The longest scaffolding that message_*_iov put around the caller's pieces.
#define MESSAGE_IOV_MAX 8

// Each fills `iov` (of MESSAGE_IOV_MAX entries) with the pieces of one message and returns how many
// it used. The pieces are borrowed. No newline is added (a batch puts commas between them instead).
// An absent id is written as null.
int message_result_iov(struct iovec *iov, struct span id, struct span result);
int message_error_iov(struct iovec *iov, struct span id, struct span error);
// A request; with an absent id a notification. `method` is the unescaped name and must hold nothing
// that needs escaping (names from the configuration do; see message_method_is_plain). `params` may
// be absent.
int message_request_iov(struct iovec *iov, struct span id, struct span method, struct span params);

// True if the name can stand between quotes as it is: printable ASCII without '"' and '\\'.
bool message_method_is_plain(struct span method);

// Joins the pieces into a new string (malloc, NUL-terminated, caller frees); NULL when out of
// memory.
char *message_join(const struct iovec *iov, int count, size_t *ret_length);

// Writes text as a JSON string with quotes, escaping what RFC 8259 demands; bytes that are not
// UTF-8 become U+FFFD. malloc, NUL-terminated, caller frees; NULL when out of memory.
char *message_quote(struct span text, size_t *ret_length);

#endif
