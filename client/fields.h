// The fields of a record: of a row of CSV or TSV, or where a regular expression cuts it. Plain
// data.
#ifndef OFFLOAD_CLIENT_FIELDS_H
#define OFFLOAD_CLIENT_FIELDS_H

#include "common/span.h"

#include <regex.h>
#include <stdbool.h>

struct fields { // all zero: none
    struct span *items;
    size_t count;
    size_t capacity;
};

void fields_done(struct fields *fields);

// Each replaces what the fields were; the spans point into the text. False when out of memory.

// A row of CSV (RFC 4180); quotes are taken off in place.
bool fields_from_csv(struct fields *fields, char *text, size_t length);

// Cut at tabs, nothing else.
bool fields_from_tsv(struct fields *fields, char *text, size_t length);

// The text is the only field.
bool fields_from_whole(struct fields *fields, char *text, size_t length);

// Cut where the expression matches something; text[length] is overwritten by a NUL.
bool fields_from_regex(struct fields *fields, const regex_t *separator, char *text, size_t length);

// A separator as parallel(1) takes it: an extended regular expression in which \t is a tab. False
// with *ret_problem set to a sentence (malloc, caller frees; NULL when out of memory).
bool fields_compile(const char *text, regex_t *ret, char **ret_problem);

#endif
