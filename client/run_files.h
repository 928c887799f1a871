// The output of a command: a file for stdout and one for stderr, which have no name, so that
// nothing stays behind. Printed in one piece when the job has ended, or line by line while it runs.
#ifndef OFFLOAD_CLIENT_RUN_FILES_H
#define OFFLOAD_CLIENT_RUN_FILES_H

#include "client/job.h"
#include "client/output.h"

// Makes the files of a job. 0, or a negative errno value.
int run_files_open(struct job *job);

// Empties them: the job is tried again.
void run_files_clear(struct job *job);

// True if printing it would write to a terminal.
bool run_files_speak(const struct job *job);

// Prints what was written since the last time, stdout first, waiting for its reader. Of a job that
// goes on only whole lines. With a tag it is put before each line.
void run_files_print(struct job *job, struct output *output, bool ended);

#endif
