// A word of a template, cut into what stands for itself and what is filled in. For template.c and
// template_fill.c alone.
#ifndef OFFLOAD_CLIENT_TEMPLATE_PARTS_H
#define OFFLOAD_CLIENT_TEMPLATE_PARTS_H

#include "client/template.h"

enum part_kind {
    PART_LITERAL,
    PART_FIELDS, // all of them, joined
    PART_FIELD,  // one
    PART_NUMBER,
};

enum part_cut { // how a path is cut
    PART_WHOLE,
    PART_NO_EXTENSION,
    PART_NO_FOLDER,
    PART_FOLDER,
    PART_BARE, // neither folder nor extension
};

struct template_part {
    enum part_kind kind;
    enum part_cut cut;
    size_t field;        // from 0
    struct span literal; // into the word's copy
    bool in_string;      // it stands between quotes of a JSON text
};

struct template_word {
    char *copy;
    char *key;    // a member's name as JSON, with quotes; NULL: none
    bool is_json; // the value is a JSON text
    struct template_part *parts;
    size_t count;
};

struct template
{
    enum template_kind kind;
    bool whole;   // one word that is all of the params
    bool members; // the words are key=value
    struct template_word *words;
    size_t count;
};

// Cuts the value of a word. False when out of memory.
bool template_cut(struct template_word *word, struct span value, const struct fields *names);

// The length of a placeholder that begins here, 0 if none does; *ret_part then says which.
size_t template_place(struct span text, const struct fields *names, struct template_part *ret_part);

#endif
