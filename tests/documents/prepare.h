// What an example needs before it is played: the files of the document, the script of its worker,
// and the settings of its daemon. It starts nothing.
#ifndef OFFLOAD_TESTS_PREPARE_H
#define OFFLOAD_TESTS_PREPARE_H

#include "document.h"
#include "tests/functional/arguments.h"
#include "tests/functional/fixture.h"

// A setting that is a word of our own: a pool whose worker plays the lines of the example.
#define PREPARE_SHOP "shop"
#define PREPARE_UNIX "unix" // the client comes by the Unix socket

// The path of a file in the daemon's folder (caller frees).
char *prepare_path(const struct fixture *fixture, const char *name);

// True for the steps that the worker does by itself.
bool prepare_is_for_worker(const struct step *step);

// What is really sent for a text: <CR> is a carriage return, <N x> N letters x (caller frees).
char *prepare_text(const char *shown, size_t *ret_length);

// Writes all files into the daemon's folder.
void prepare_files(struct fixture *fixture, const struct document *document,
                   const struct example *example);

// Writes the configuration and adds the daemon's arguments. True if its workers are to be waited
// for.
bool prepare_settings(struct fixture *fixture, const struct document *document,
                      const struct example *example, struct arguments *arguments);

#endif
