// See halt.h.
#include "client/halt.h"

#include "common/units.h"

#include <string.h>

#define COUNT_MAX 1000000000u

// True if the text begins with the word, which is stepped over.
static bool
take_word(const char **text, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(*text, word, length) != 0)
        return false;
    *text += length;
    return true;
}

static bool
take_why(const char **text, enum halt_why *ret)
{
    static const struct {
        const char *word;
        enum halt_why why;
    } words[] = {{"fail=", HALT_FAIL}, {"success=", HALT_SUCCESS}, {"done=", HALT_DONE}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (take_word(text, words[i].word)) {
            *ret = words[i].why;
            return true;
        }
    }
    return false;
}

bool
halt_parse(const char *text, struct halt *ret)
{
    struct halt halt = {.when = HALT_SOON};
    char digits[16] = "";
    size_t length;
    uint64_t count;

    if (strcmp(text, "never") == 0) {
        *ret = (struct halt){0};
        return true;
    }
    if (take_word(&text, "now,"))
        halt.when = HALT_NOW;
    else if (!take_word(&text, "soon,"))
        return false;
    if (!take_why(&text, &halt.why))
        return false;
    length = strlen(text);
    halt.percent = length > 0 && text[length - 1] == '%';
    length -= halt.percent;
    if (length >= sizeof(digits))
        return false;
    memcpy(digits, text, length);
    if (!units_parse_number(digits, 1, halt.percent ? 100 : COUNT_MAX, &count))
        return false;
    halt.count = (unsigned)count;
    *ret = halt;
    return true;
}

enum halt_when
halt_check(const struct halt *halt, const struct halt_tally *tally)
{
    uint64_t ended = tally->succeeded + tally->failed;
    uint64_t counted = halt->why == HALT_FAIL      ? tally->failed
                       : halt->why == HALT_SUCCESS ? tally->succeeded
                                                   : ended;
    uint64_t whole = tally->total > 0 ? tally->total : ended;

    if (halt->when == HALT_NEVER)
        return HALT_NEVER;
    if (!halt->percent)
        return counted >= halt->count ? halt->when : HALT_NEVER;
    if (counted == 0 || (tally->total == 0 && ended < HALT_SHARE_LEAST))
        return HALT_NEVER;
    // Done is all that has ended: a share of it means nothing before the whole is known.
    if (tally->total == 0 && halt->why == HALT_DONE)
        return HALT_NEVER;
    return counted * 100 >= whole * halt->count ? halt->when : HALT_NEVER;
}
