// Bytes that a process wrote, on their way into JSON: UTF-8 or not, and base64 for the rest.
#ifndef OFFLOAD_POOL_TEXT_H
#define OFFLOAD_POOL_TEXT_H

#include "common/span.h"

#include <stdbool.h>
#include <stddef.h>

bool text_is_utf8(struct span text);

// How many bytes at the end (0 to 3) are the beginning of a character whose rest may still come.
size_t text_unfinished(struct span text);

// A JSON string of the bytes in base64 (RFC 4648 section 4, padded). malloc, NUL-terminated, caller
// frees; NULL when out of memory.
char *text_base64(struct span bytes);

#endif
