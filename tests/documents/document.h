// The examples of a Markdown document: its fenced blocks as titles, settings and steps that a
// player can act on. It knows the notation that protocol.md explains, and plays nothing.
#ifndef OFFLOAD_TESTS_DOCUMENT_H
#define OFFLOAD_TESTS_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

enum step_kind {
    STEP_SEND,    // -->   the client sends a line
    STEP_RECEIVE, // <--   the daemon sends a line
    STEP_FINISH,  // -->|  the client sends this without a newline and shuts down its sending side
    STEP_CLOSED,  // <--|  the daemon closes
    STEP_WORKER_GETS, // ==>
    STEP_WORKER_SAYS, // <==
    STEP_HAPPENS,     // ***
};

struct step {
    enum step_kind kind;
    char *text; // what follows the mark, continuation lines joined; "" if there is nothing
};

struct example {
    char *title;    // "LINE: heading it stands under"
    char *settings; // the words behind "jsonl"
    struct step *steps;
    size_t count;
};

// A block of another language: a file that the examples may use.
struct attachment {
    char *name;
    char *text;
};

struct document {
    char *text; // all of it
    struct example *examples;
    size_t example_count;
    struct attachment *attachments;
    size_t attachment_count;
};

// On failure says on stderr what cannot be read, and in which line, and returns false;
// document_done in any case.
bool document_read(struct document *document, const char *path);
void document_done(struct document *document);

// True if `settings` has that word.
bool example_has_word(const struct example *example, const char *word);

#endif
