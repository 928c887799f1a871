// See check_verdict.h.
#include "client/check_verdict.h"

#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>

static void add(struct check_verdict *verdict, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void
add(struct check_verdict *verdict, const char *format, va_list arguments)
{
    size_t length = strlen(verdict->text);

    vsnprintf(verdict->text + length, sizeof(verdict->text) - length, format, arguments);
}

bool
check_wrong(struct check_verdict *verdict, const char *format, ...)
{
    va_list arguments;

    verdict->outcome = CHECK_WRONG;
    verdict->text[0] = '\0';
    va_start(arguments, format);
    add(verdict, format, arguments);
    va_end(arguments);
    return false;
}

bool
check_skipped(struct check_verdict *verdict, const char *why)
{
    verdict->outcome = CHECK_SKIPPED;
    snprintf(verdict->text, sizeof(verdict->text), "%s", why);
    return false;
}

void
check_add(struct check_verdict *verdict, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(verdict, format, arguments);
    va_end(arguments);
}

const char *
check_quote(struct span text, char into[CHECK_QUOTE_MAX])
{
    return log_escape(text, into, CHECK_QUOTE_MAX);
}
