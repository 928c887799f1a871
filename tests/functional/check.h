// Assertions on answers. Responses are compared as text, because ids and results must come back
// byte for byte; only errors and status are parsed.
#ifndef OFFLOAD_TESTS_CHECK_H
#define OFFLOAD_TESTS_CHECK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

// The line is the response to `id` (raw JSON) with just this result (raw JSON).
void expect_result(const char *line, const char *id, const char *result);

// The line is the response to `id` with this code and the text that the table has for it.
void expect_error(const char *line, const char *id, int code);
// The same; returns the error's data (caller decrefs; fails the test if there is none).
json_t *expect_error_data(const char *line, const char *id, int code);
// Invalid request because of a limit: code and data {"limit":limit}.
void expect_limit(const char *line, const char *id, int code, const char *limit);

// The member is there and is that.
void check_string(const json_t *object, const char *member, const char *value);
void check_integer(const json_t *object, const char *member, json_int_t value);
// The member is a string that is not empty; returns it.
const char *check_text(const json_t *object, const char *member);

// The part stands somewhere in the text.
void check_contains(const char *text, const char *part);

// Both texts mean the same JSON, once the errors' "data", which the specification leaves to the
// server, are gone from the first.
void expect_same_json(const char *got, const char *expected);

// A whole text as JSON; fails the test if it is none. Caller decrefs.
json_t *parse_json(const char *text);

// The value at a path such as "pools.0.workers.1.pid" (borrowed), or NULL.
json_t *json_at(json_t *value, const char *path);

#endif
