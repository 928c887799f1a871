// What template.c (compiles) and template_fill.c (fills) share; nobody else includes it.
#ifndef OFFLOAD_MODEL_TEMPLATE_INTERNAL_H
#define OFFLOAD_MODEL_TEMPLATE_INTERNAL_H

#include "model/template.h"

#include <stdbool.h>

enum piece_kind {
    PIECE_TEXT,  // as it is
    PIECE_SLOT,  // the number of the slot
    PIECE_PARAM, // the value of a param
    PIECE_END,   // of the word
};

struct piece {
    enum piece_kind kind;
    struct span text; // PIECE_TEXT
    size_t param;     // PIECE_PARAM: index into the params
};

struct template_param {
    char name[TEMPLATE_NAME_MAX + 1];
    bool placeholder; // a word needs it
    bool input;       // it goes to stdin
};

struct template
{
    struct piece *pieces; // of the words of argv, then of the environment
    size_t piece_count;
    size_t piece_capacity;
    size_t argv_count;
    size_t environment_count;
    char *text; // behind the PIECE_TEXTs
    struct template_param params[TEMPLATE_PARAMS_MAX];
    size_t param_count;
};

// The most digits that a slot's number has.
#define SLOT_DIGITS 10

#endif
