// See arguments.h.
#include "common/arguments.h"

#include "common/errors.h"

#include <stdlib.h>

// Longer numbers than this are not looked at digit by digit by anybody.
#define NUMBER_TEXT_MAX 400

static bool
fault(struct argument_fault *ret_fault, struct span member, const char *reason)
{
    *ret_fault = (struct argument_fault){.member = member, .reason = reason};
    return false;
}

// What was found, kept apart until all is known to be well.
struct found {
    enum json_kind kind;
    struct span value;
};

static bool
find_by_name(const struct argument *argument, struct scanner *scanner, struct found *found,
             struct argument_fault *ret_fault)
{
    struct span name;
    bool any = false;

    while (scanner_member(scanner, &name)) {
        if (!scanner_name_is(name, argument->name))
            return fault(ret_fault, name, "unknown member");
        if (!scanner_value(scanner, &found->kind, &found->value))
            break;
        any = true; // a later one of the same name wins
    }
    return any || fault(ret_fault, span_of(argument->name), "missing");
}

static bool
find_by_position(const struct argument *argument, struct scanner *scanner, struct found *found,
                 struct argument_fault *ret_fault)
{
    if (!scanner_element(scanner) || !scanner_value(scanner, &found->kind, &found->value))
        return fault(ret_fault, span_of(argument->name), "missing");
    if (scanner_element(scanner))
        return fault(ret_fault, span_of(argument->name), "more than one param");
    return true;
}

bool
argument_find(const struct argument *argument, struct span params, struct span *ret_value,
              enum json_kind *ret_kind, struct argument_fault *ret_fault)
{
    struct span name = span_of(argument->name);
    struct scanner scanner;
    struct found found;
    enum json_kind kind;

    scanner_init(&scanner, params, SCANNER_DEPTH_LIMIT);
    if (!span_present(params) || !scanner_peek(&scanner, &kind))
        return fault(ret_fault, name, "missing");
    if (kind != JSON_KIND_OBJECT && kind != JSON_KIND_ARRAY)
        return fault(ret_fault, name, "params must be an array or an object");
    if (!scanner_enter(&scanner, kind))
        return fault(ret_fault, name, "missing");
    if (!(kind == JSON_KIND_OBJECT ? find_by_name : find_by_position)(argument, &scanner, &found,
                                                                      ret_fault))
        return false;
    if (scanner.status != SCAN_OK || !scanner_finish(&scanner))
        return fault(ret_fault, name, "not JSON");
    *ret_value = found.value;
    *ret_kind = found.kind;
    return true;
}

char *
argument_error(const struct argument *argument, const struct argument_fault *fault,
               size_t *ret_length)
{
    bool own = span_is(fault->member, argument->name);
    bool alone = argument->name[0] != '\0';
    // A name of foreign make may be as long as a line; nobody needs to see all of it. Cutting could
    // split an escape, so a long one is not shown.
    struct span member = fault->member.length <= 256 ? fault->member : SPAN("(a long name)");

    return error_object_format(
        ERROR_INVALID_PARAMS, ret_length,
        "{\"member\":\"%s%.*s\",\"reason\":\"%s\",\"expected\":\"%s%s%s%s\"}",
        fault->prefix != NULL ? fault->prefix : "", (int)member.length, member.at, fault->reason,
        own ? "" : "only ", own ? "" : argument->name, own || !alone ? "" : ", ",
        argument->expected);
}

bool
argument_whole_number(const struct argument *argument, enum json_kind kind, struct span value,
                      unsigned long long most, unsigned long long *ret,
                      struct argument_fault *ret_fault)
{
    struct span name = span_of(argument->name);
    unsigned long long number = 0;

    if (kind != JSON_KIND_NUMBER)
        return fault(ret_fault, name, "wrong type");
    if (value.at[0] == '-')
        return fault(ret_fault, name, "negative");
    for (size_t i = 0; i < value.length; i++) {
        unsigned digit = (unsigned)(value.at[i] - '0');

        if (digit > 9)
            return fault(ret_fault, name, "not a whole number");
        if (digit > most || number > (most - digit) / 10)
            return fault(ret_fault, name, "too large");
        number = number * 10 + digit;
    }
    *ret = number;
    return true;
}

bool
argument_number(const struct argument *argument, enum json_kind kind, struct span value,
                double most, double *ret, struct argument_fault *ret_fault)
{
    struct span name = span_of(argument->name);
    char text[NUMBER_TEXT_MAX + 1];
    double number;

    if (kind != JSON_KIND_NUMBER)
        return fault(ret_fault, name, "wrong type");
    if (value.at[0] == '-')
        return fault(ret_fault, name, "negative");
    if (value.length > NUMBER_TEXT_MAX)
        return fault(ret_fault, name, "too many digits");
    memcpy(text, value.at, value.length);
    text[value.length] = '\0';
    number = strtod(text, NULL);
    if (!(number <= most))
        return fault(ret_fault, name, "too large");
    *ret = number;
    return true;
}
