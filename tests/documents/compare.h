// A line as it came against the line as a document shows it.
#ifndef OFFLOAD_TESTS_COMPARE_H
#define OFFLOAD_TESTS_COMPARE_H

#include <stdbool.h>

// Byte for byte; only if `shown` has placeholders ("<number>", "<string>", "<object>") as values:
// the same JSON, with any value of that kind in their place.
bool line_is_as_shown(const char *line, const char *shown);

#endif
