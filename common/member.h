// Members of a JSON object, found in its text.
#ifndef OFFLOAD_COMMON_MEMBER_H
#define OFFLOAD_COMMON_MEMBER_H

#include "common/span.h"

#include <stdbool.h>

// The raw value of a member of an object that was scanned already; absent if it has none, or is no
// object. Of several with the same name the last counts.
struct span member_find(struct span object, const char *name);

// The value of a whole number without fraction and exponent that fits into an int; false otherwise.
bool member_int(struct span raw, int *ret);

#endif
