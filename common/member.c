// See member.h.
#include "common/member.h"

#include "common/scanner.h"

#include <limits.h>
#include <stdlib.h>

struct span
member_find(struct span object, const char *name)
{
    struct scanner scanner;
    struct span found = {0};
    struct span member;
    struct span value;
    enum json_kind kind;

    scanner_init(&scanner, object, SCANNER_DEPTH_LIMIT);
    if (!scanner_enter(&scanner, JSON_KIND_OBJECT))
        return found;
    while (scanner_member(&scanner, &member)) {
        if (!scanner_value(&scanner, &kind, &value))
            return (struct span){0};
        if (scanner_name_is(member, name))
            found = value;
    }
    return found;
}

bool
member_int(struct span raw, int *ret)
{
    char text[16];
    char *end;
    long number;

    if (raw.length == 0 || raw.length >= sizeof(text))
        return false;
    memcpy(text, raw.at, raw.length);
    text[raw.length] = '\0';
    number = strtol(text, &end, 10);
    if (*end != '\0' || number < INT_MIN || number > INT_MAX)
        return false;
    *ret = (int)number;
    return true;
}
