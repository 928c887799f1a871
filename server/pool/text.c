// See text.h.
#include "pool/text.h"

#include "common/utf8.h"

#include <stdint.h>
#include <stdlib.h>

bool
text_is_utf8(struct span text)
{
    const char *at = text.length > 0 ? text.at : "";
    const char *end = at + text.length;

    while (at != end) {
        size_t length = (*at & 0x80) == 0 ? 1 : utf8_sequence(at, end);

        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

// The length that a character with this first byte has; 0 if none begins so.
static size_t
length_by_first(unsigned char first)
{
    if (first < 0xC2 || first > 0xF4)
        return 0;
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

size_t
text_unfinished(struct span text)
{
    // What may follow any beginning that is valid from its second byte on.
    char trial[4] = {(char)0x80, (char)0x80, (char)0x80, (char)0x80};
    const char *end = text.length > 0 ? text.at + text.length : text.at;
    size_t back = 1;

    while (back < 3 && back < text.length && utf8_is_tail((unsigned char)end[-(ptrdiff_t)back]))
        back++;
    if (back > text.length || length_by_first((unsigned char)end[-(ptrdiff_t)back]) <= back)
        return 0;
    memcpy(trial, end - back, back);
    return back == 1 || utf8_sequence(trial, trial + sizeof(trial)) > back ? back : 0;
}

char *
text_base64(struct span bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *from = (const unsigned char *)bytes.at;
    char *text = malloc((bytes.length + 2) / 3 * 4 + 3);
    char *at = text;

    if (text == NULL)
        return NULL;
    *at++ = '"';
    for (size_t i = 0; i < bytes.length; i += 3) {
        size_t left = bytes.length - i;
        uint32_t group = (uint32_t)from[i] << 16 | (left > 1 ? (uint32_t)from[i + 1] << 8 : 0) |
                         (left > 2 ? from[i + 2] : 0);

        memset(at, '=', 4);
        at[0] = digits[group >> 18];
        at[1] = digits[group >> 12 & 63];
        if (left > 1)
            at[2] = digits[group >> 6 & 63];
        if (left > 2)
            at[3] = digits[group & 63];
        at += 4;
    }
    *at++ = '"';
    *at = '\0';
    return text;
}
