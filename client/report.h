// What the client says to people, on stderr: "offload: ...", one write(2) per message. Foreign text
// is made safe for a terminal. Knows the shape of errors, not where they came from.
#ifndef OFFLOAD_CLIENT_REPORT_H
#define OFFLOAD_CLIENT_REPORT_H

#include "common/span.h"

// Exit statuses of the client that errors.h does not have; values of sysexits.h.
enum report_status {
    REPORT_STATUS_MEMORY = 71,   // out of memory or another system resource
    REPORT_STATUS_IO = 74,       // stdin could not be read, stdout not be written
    REPORT_STATUS_PROTOCOL = 76, // the daemon answered with something that is no answer
    // Above what a process can exit with: main ends by that signal instead.
    REPORT_STATUS_INTERRUPT = 256 + 2, // SIGINT
    REPORT_STATUS_PIPE = 256 + 13,     // SIGPIPE: stdout's reader went away, and so go filters
};

void report_problem(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Says so; returns the exit status.
int report_no_memory(void);

// stdout failed with this errno value; quiet for EPIPE. Returns the exit status.
int report_stdout(int error);

// A JSON-RPC error object (raw JSON that was scanned already). `subject` ("line 3") comes first;
// NULL: none. Returns the exit status that belongs to its code.
int report_error(const char *subject, struct span error);

// The same as a text of one line, without its subject (malloc, caller frees). NULL when out of
// memory.
char *report_error_text(struct span error);

// The exit status of an error object alone.
int report_error_status(struct span error);

// A text of many lines, indented, as it is part of what was said before.
void report_block(struct span text);

#endif
