// jansson's opinion on a text, where jansson and RFC 8259 agree. What they do not agree on is taken
// out of the text first, in a way that changes neither its tokens nor whether it is JSON:
//
// - Range of numbers: jansson refuses integers beyond 63 bits and reals that overflow a double.
//   Long runs of digits are cut short (15 in front of the exponent, 2 in it).
// - Lone surrogates as escapes ("\ud800") are refused by jansson, left open by RFC 8259
// section 8.2:
//   they are replaced by another escape.
// - "\u0000" in a member's name is refused by jansson (in other strings it is taken with
//   JSON_ALLOW_NUL): replaced by "\u0001" everywhere.
//
// Two more differences cannot be taken out and are for the caller:
// - A NUL byte behind a number or a word is lost in jansson ("1\0" is 1 to it). No text with a NUL
//   byte is JSON, so such a text needs no oracle.
// - Depth: jansson gives up at 2048 values in each other, the scanner at SCANNER_DEPTH_LIMIT.
//
// Duplicate names are no difference: both accept them, and the last one wins.
#ifndef OFFLOAD_TESTS_FUZZ_ORACLE_H
#define OFFLOAD_TESTS_FUZZ_ORACLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

// The value of a text, NULL if jansson refuses it; json_decref is the caller's.
// *ret_changed (may be NULL) says if the text had to be changed for jansson.
json_t *oracle_load(const char *text, size_t length, bool *ret_changed);

// How deep the brackets outside of strings are nested; exact for JSON, and for what begins like it.
unsigned oracle_depth(const char *text, size_t length);

// Says what is wrong and aborts, so that every kind of run takes notice.
#define FUZZ_CHECK(condition)                            \
    do {                                                 \
        if (!(condition))                                \
            fuzz_failed(__FILE__, __LINE__, #condition); \
    } while (0)
_Noreturn void fuzz_failed(const char *file, int line, const char *condition);

#endif
