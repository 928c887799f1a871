// The worker that is being checked: started as the daemon starts one (its own process group, pipes,
// a scrubbed environment, no other descriptor), read and written with deadlines, and killed with
// everything that it started. Knows lines, not what they mean. One at a time.
#ifndef OFFLOAD_CLIENT_CHECK_PROCESS_H
#define OFFLOAD_CLIENT_CHECK_PROCESS_H

#include "common/span.h"

#include <stdbool.h>
#include <stdint.h>

struct check_process;

enum check_io {
    CHECK_IO_OK,
    CHECK_IO_TOO_LONG, // reading: a line beyond the limit; its beginning is given
    CHECK_IO_END,      // the other end of the pipe is closed
    CHECK_IO_LATE,     // the deadline passed
};

// Starts argv[0], looked for in PATH as a shell does. 0, or a negative errno value that says why it
// cannot be started.
int check_process_start(char *const *argv, struct check_process **ret);

// Kills the group, and what left the group, and waits for all of it. Accepts NULL.
void check_process_free(struct check_process *process);

// Writes all of the text, taking in output meanwhile.
enum check_io
check_process_write(struct check_process *process, struct span text, int64_t deadline_us);

// The next line that is not blank, good until the next call.
enum check_io check_process_read(struct check_process *process, int64_t deadline_us,
                                 char **ret_line, size_t *ret_length);

void check_process_close_input(struct check_process *process);
void check_process_signal(struct check_process *process, int number);

// Waits for its end; false at the deadline. The status is that of waitid: *ret_killed says whether
// *ret_number is a signal or an exit status.
bool check_process_await_end(struct check_process *process, int64_t deadline_us, bool *ret_killed,
                             int *ret_number);

// The end of what it wrote on stderr, borrowed.
struct span check_process_stderr(const struct check_process *process);

#endif
