// What is said of a command in JSON: its result, a piece of its output. Plain data to
// text. A text is at most six times as long as the bytes in it (control characters), and base64 a
// third longer.
#ifndef OFFLOAD_POOL_COMMAND_JSON_H
#define OFFLOAD_POOL_COMMAND_JSON_H

#include "pool/command.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// "stdout" or "stderr".
const char *command_stream_name(enum command_stream stream);

// It ran and exited with 0. If it did not, certificate_error says what happened.
bool command_succeeded(const struct command_result *result);

// {"exit_code":0,"stdout":"...","stderr":"..."}; what is not UTF-8 is "stdout_base64":"..."
// instead. If something was dropped there are "truncated":true and, for each stream that was cut,
// "stdout_bytes":N, all that was written. malloc, NUL-terminated, caller frees; NULL when out of
// memory.
char *command_result_json(const struct command_result *result, size_t *ret_length);

// The value of a progress notification, {"kind":"output","stream":"stdout","text":"...","seq":N},
// or "base64" in place of "text". `seq` counts from 1, over both streams of a job. As above.
char *command_output_json(enum command_stream stream, struct span bytes, uint64_t seq,
                          size_t *ret_length);

#endif
