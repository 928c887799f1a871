// Arguments after ":::" on a command line, as parallel(1) has them: several lists make every
// combination, the last list changing fastest. Plain data, made one by one.
#ifndef OFFLOAD_CLIENT_PRODUCT_H
#define OFFLOAD_CLIENT_PRODUCT_H

#include "client/fields.h"

#include <stdint.h>

struct product;

// The words of all lists, with ":::" between two lists; they must outlive it. NULL when out of
// memory.
struct product *product_new(const char *const *words, size_t count);
void product_free(struct product *product);

// How many there are, at most UINT64_MAX.
uint64_t product_count(const struct product *product);

// The next combination, a field of each list; NULL if there is none. Good until the next call.
const struct fields *product_next(struct product *product);

#endif
