// The one table of errors: code, name, text, the client's exit status. The documents are checked
// against it by a test. Codes -32768..-32000 are those of JSON-RPC 2.0 section 5.1; -32800 is the
// Language Server Protocol's code for a cancelled request.
#ifndef OFFLOAD_COMMON_ERRORS_H
#define OFFLOAD_COMMON_ERRORS_H

#include "common/span.h"

#include <stddef.h>

enum error_code {
    ERROR_PARSE = -32700,
    ERROR_INVALID_REQUEST = -32600,
    ERROR_METHOD_NOT_FOUND = -32601,
    ERROR_INVALID_PARAMS = -32602,
    ERROR_INTERNAL = -32603,
    ERROR_CANCELLED = -32800,
    ERROR_BUSY = -32001,
    ERROR_UNAUTHORISED = -32002,
    ERROR_UNKNOWN_JOB = -32003,
    ERROR_TOO_LARGE = -32004,
    ERROR_SHUTTING_DOWN = -32005,
    ERROR_QUOTA = -32006,
    ERROR_JOB_FAILED = -32010,
    ERROR_TIMED_OUT = -32011,
    ERROR_WORKER_PROTOCOL = -32012,
};

// Exit statuses of the client that stand for no error code (values of sysexits.h where one fits).
enum exit_status {
    EXIT_STATUS_OK = 0,
    EXIT_STATUS_JOB = 1,          // an error that a worker made itself, and -32010
    EXIT_STATUS_USAGE = 64,       // wrong command line
    EXIT_STATUS_UNAVAILABLE = 69, // no daemon answers, or the connection broke
    EXIT_STATUS_CONFIG = 78,      // offloadd: configuration refused
};

struct error_info {
    int code;
    const char *name;    // for programs: "method_not_found"
    const char *text;    // the error's "message"
    int exit_status;     // of `offload`
    const char *meaning; // a sentence for people
};

// The entry of a code; NULL if the code is not in the table (a worker's own).
const struct error_info *error_info(int code);

// All entries, in the order of the documents; *ret_count says how many.
const struct error_info *error_table(size_t *ret_count);

// The client's exit status for an error code, known or not.
int error_exit_status(int code);

// The error object of a code in the table, {"code":C,"message":"TEXT","data":DATA}; `data` is raw
// JSON and may be absent. malloc, NUL-terminated, caller frees; NULL when out of memory.
char *error_object(enum error_code code, struct span data, size_t *ret_length);

// The same, the data printed with `format`.
char *error_object_format(enum error_code code, size_t *ret_length, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// -32601 with the method in its data: at most ERROR_METHOD_MAX bytes of it, and none from a NUL on,
// which not every reader of JSON takes. malloc, NUL-terminated, caller frees; NULL when out of
// memory.
#define ERROR_METHOD_MAX 128
char *error_object_method(struct span method, size_t *ret_length);

#endif
