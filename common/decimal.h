// Whole numbers as decimal digits, where snprintf(3) would be most of the work.
#ifndef OFFLOAD_COMMON_DECIMAL_H
#define OFFLOAD_COMMON_DECIMAL_H

#include "common/span.h"

#include <stdint.h>

#define DECIMAL_MAX 20 // digits of the largest number

// Writes the digits at the end of `room`; they are good as long as that is.
static inline struct span
decimal(uint64_t value, char room[DECIMAL_MAX])
{
    size_t at = DECIMAL_MAX;

    do {
        room[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return (struct span){.at = room + at, .length = DECIMAL_MAX - at};
}

#endif
