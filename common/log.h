// The log: one line per call on stderr, one write(2) per line. Library code does not log; the
// caller that decides what a failure means logs it once.
//
// When stderr is the journal (the JOURNAL_STREAM of systemd.exec(5) names it) each line goes there
// with fields of its own, see journal.h; or, if that does not work, to stderr with its priority as
// <N>, see sd-daemon(3). Otherwise it starts with the time of day and the level's
// word. Bytes from outside must come in through log_escape; the log itself replaces any control
// character that is left, so that nobody can forge a line.
#ifndef OFFLOAD_COMMON_LOG_H
#define OFFLOAD_COMMON_LOG_H

#include "common/span.h"

#include <stdbool.h>

enum log_level { // the values of syslog(3)
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
};

// What is below this importance is dropped; the default is LOG_LEVEL_INFO.
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

// "error", "warning", "notice", "info", "debug" and back.
bool log_parse_level(const char *text, enum log_level *ret);
const char *log_level_name(enum log_level level);

// `subject` says who speaks: "session 12", "pool cpu", "worker cpu/3 pid 4711", "job 7 session 12
// pool cpu". It is made by the program itself, of pairs of words that journal.h makes fields of.
void log_error(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));
void
log_warning(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_notice(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_debug(const char *subject, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Makes foreign text safe to print: control characters and bytes that are not UTF-8 become \xNN, a
// backslash \\; cut with "..." to fit `size` (at least 8). Returns `into`.
const char *log_escape(struct span text, char *into, size_t size);

#endif
