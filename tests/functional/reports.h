// What sanitizers and valgrind had to say about the processes of a test.
#ifndef OFFLOAD_TESTS_REPORTS_H
#define OFFLOAD_TESTS_REPORTS_H

#include <stdbool.h>

// `killing` below: the test ends processes by SIGSEGV, SIGTERM or the like, of which sanitizers and
// valgrind speak as of a fault, and in which they look for leaks although nothing could be cleaned
// up.

// Fails the test if the log holds a report of a sanitizer; if `killing`, other than of SIGSEGV.
void reports_check_log(const char *path, bool killing);

// Where the wrapper tests/functional/valgrind puts its logs: FOLDER/valgrind. Sets the variable by
// which it finds that place.
void reports_prepare(const char *folder);
// Fails the test if a log of valgrind there tells of an error, or, unless `killing`, of a leak or
// of a descriptor left open that was not inherited.
void reports_check_valgrind(const char *folder, bool killing);

#endif
