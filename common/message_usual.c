// See message_usual.h.
#include "common/message_usual.h"

#include "common/scanner.h"

#include <string.h>

struct place {
    const char *at;
    const char *end;
};

// Steps over that text; false if it does not stand here.
#define eat(place, literal) eat_text(place, literal, sizeof(literal) - 1)

static inline bool
eat_text(struct place *place, const char *text, size_t length)
{
    if ((size_t)(place->end - place->at) < length || memcmp(place->at, text, length) != 0)
        return false;
    place->at += length;
    return true;
}

static inline void
eat_blank(struct place *place)
{
    if (place->at < place->end && *place->at == ' ')
        place->at++;
}

// The inside of a string of plain characters: none that means or needs more than it is.
static inline bool
eat_plain_string(struct place *place, struct span *ret_inside)
{
    const char *at = place->at;

    if (at == place->end || *at != '"')
        return false;
    do {
        if (++at == place->end || (signed char)*at < ' ' || *at == '\\' || *at == 0x7F)
            return false; // bytes above ASCII are negative
    } while (*at != '"');
    *ret_inside = (struct span){.at = place->at + 1, .length = (size_t)(at - place->at) - 1};
    place->at = at + 1;
    return true;
}

// A whole number, which begins with another digit than 0 unless it is 0.
static inline bool
eat_number(struct place *place)
{
    const char *at = place->at;

    while (at < place->end && *at >= '0' && *at <= '9')
        at++;
    if (at == place->at || (*place->at == '0' && at > place->at + 1))
        return false;
    place->at = at;
    return true;
}

static inline bool
eat_id(struct place *place, struct span *ret_id)
{
    const char *start = place->at;
    struct span inside;

    if (!eat_number(place) && !eat_plain_string(place, &inside))
        return false;
    *ret_id = (struct span){.at = start, .length = (size_t)(place->at - start)};
    return true;
}

// The last value, and the end of the message behind it.
static bool
eat_last_value(struct place *place, unsigned depth_max, enum json_kind *ret_kind,
               struct span *ret_value)
{
    struct scanner scanner;

    eat_blank(place);
    // It stands in an object, which is one of the depth.
    scanner_init(&scanner,
                 (struct span){.at = place->at, .length = (size_t)(place->end - place->at)},
                 (depth_max < SCANNER_DEPTH_LIMIT ? depth_max : SCANNER_DEPTH_LIMIT) - 1);
    if (!scanner_value(&scanner, ret_kind, ret_value))
        return false;
    place->at = ret_value->at + ret_value->length;
    return eat(place, "}");
}

static bool
read_call(struct place *place, unsigned depth_max, struct message *message)
{
    enum json_kind kind;

    message->kind = MESSAGE_REQUEST;
    eat_blank(place);
    if (!eat_plain_string(place, &message->method))
        return false;
    if (eat(place, "}"))
        return true;
    if (!eat(place, ","))
        return false;
    eat_blank(place);
    return eat(place, "\"params\":") && eat_last_value(place, depth_max, &kind, &message->params) &&
           (kind == JSON_KIND_ARRAY || kind == JSON_KIND_OBJECT);
}

static bool
read_message(struct place *place, unsigned depth_max, struct message *message)
{
    enum json_kind kind;

    if (!eat(place, "{\"jsonrpc\":"))
        return false;
    eat_blank(place);
    if (!eat(place, "\"2.0\","))
        return false;
    eat_blank(place);
    if (!eat(place, "\"id\":"))
        return false;
    eat_blank(place);
    *message = (struct message){0};
    if (!eat_id(place, &message->id) || !eat(place, ","))
        return false;
    eat_blank(place);
    if (eat(place, "\"method\":"))
        return read_call(place, depth_max, message);
    message->kind = MESSAGE_RESULT;
    return eat(place, "\"result\":") && eat_last_value(place, depth_max, &kind, &message->result);
}

const char *
message_usual(const char *at, const char *end, unsigned depth_max, struct message *ret_message)
{
    struct place place = {.at = at, .end = end};

    if (depth_max == 0)
        return NULL;
    return read_message(&place, depth_max, ret_message) ? place.at : NULL;
}
