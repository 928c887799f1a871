// What a user has piped into `offload map` and `offload run`: records cut out of a stream that
// comes in pieces, against the same stream in one piece; and each of them cut into fields and
// filled into a template, which must give the JSON that was promised.
//
// An input is: one byte for the kind of records, one for the longest, one for the kind of template,
// one for the sizes of the pieces; then the words of a template, each with its NUL, up to an empty
// one; then the stream.
#include "client/fields.h"
#include "client/records.h"
#include "client/template.h"
#include "common/scanner.h"
#include "tests/fuzz/oracle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HEAD      4
#define WORDS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A stream that is given out in pieces.
struct reader {
    struct records records;
    const uint8_t *at, *end;
    unsigned piece; // 0: all at once
};

static void
reader_feed(struct reader *reader)
{
    size_t left = (size_t)(reader->end - reader->at);
    size_t size = reader->piece == 0 || reader->piece > left ? left : reader->piece;
    size_t room_size;
    char *room = records_room(&reader->records, size, &room_size);

    FUZZ_CHECK(room != NULL && room_size >= size);
    if (size > 0)
        memcpy(room, reader->at, size);
    records_filled(&reader->records, size);
    reader->at += size;
    if (reader->piece > 0)
        reader->piece = reader->piece * 7 % 61 + 1;
}

static enum records_result
reader_next(struct reader *reader, struct record *ret)
{
    for (;;) {
        bool last = reader->at == reader->end;
        enum records_result result = records_next(&reader->records, last, ret);

        if (result != RECORDS_MORE || last)
            return result;
        reader_feed(reader);
    }
}

static void
reader_init(struct reader *reader, const uint8_t *head, const uint8_t *data, size_t size,
            unsigned piece)
{
    *reader = (struct reader){.at = data, .end = data + size, .piece = piece};
    records_init(&reader->records, (enum records_kind)(head[0] % (RECORDS_TSV + 1)), head[1]);
}

// ---- the template ---------------------------------------------------------------------------

// What a command's word becomes is a string; what params become is an array or an object.
static void
check_filled(char *text, size_t length, enum template_kind kind)
{
    json_t *value;
    size_t i;
    json_t *word;

    FUZZ_CHECK(strlen(text) == length && strchr(text, '\n') == NULL);
    FUZZ_CHECK(scanner_check((struct span){text, length}, SCANNER_DEPTH_LIMIT) == SCAN_OK);
    FUZZ_CHECK(text[0] == '[' || text[0] == '{');
    if (kind != TEMPLATE_COMMAND)
        return;
    value = json_loadb(text, length, JSON_ALLOW_NUL, NULL);
    FUZZ_CHECK(json_is_array(value));
    json_array_foreach (value, i, word)
        FUZZ_CHECK(json_is_string(word));
    json_decref(value);
}

static void
fill(const struct template *template, const struct fields *fields, enum template_kind kind)
{
    char *problem = NULL;
    size_t length = 0;
    char *text = template_fill(template, fields, 7, &length, &problem);

    FUZZ_CHECK((text != NULL) != (problem != NULL)); // there is memory
    if (text != NULL)
        check_filled(text, length, kind);
    free(text);
    free(problem);
}

static void
cut(struct fields *fields, enum records_kind kind, const regex_t *separator,
    const struct record *record)
{
    bool done;

    if (kind == RECORDS_CSV)
        done = fields_from_csv(fields, record->text, record->length);
    else if (kind == RECORDS_TSV)
        done = fields_from_tsv(fields, record->text, record->length);
    else if (kind == RECORDS_LINES)
        done = fields_from_regex(fields, separator, record->text, record->length);
    else
        done = fields_from_whole(fields, record->text, record->length);
    FUZZ_CHECK(done && fields->count > 0);
    for (size_t i = 0; i < fields->count; i++)
        FUZZ_CHECK(fields->items[i].at >= record->text &&
                   fields->items[i].at + fields->items[i].length <= record->text + record->length);
}

// ---- the whole ------------------------------------------------------------------------------

// NULL if the words are refused.
static struct template *
make_template(const char *const *words, size_t count, enum template_kind kind)
{
    static const struct fields no_names;
    char *problem = NULL;
    struct template *template = NULL;

    if (count > 0) {
        template = template_new(kind, words, count, &no_names, &problem);
        FUZZ_CHECK((template != NULL) != (problem != NULL));
    }
    free(problem);
    return template;
}

static void
check_stream(const uint8_t *head, const uint8_t *data, size_t size, const struct template *template,
             enum template_kind kind)
{
    struct reader whole, pieces;
    struct fields fields = {0};
    struct record one, other;
    enum records_result result;
    regex_t separator;

    FUZZ_CHECK(regcomp(&separator, "[:;]+| *,", REG_EXTENDED) == 0);
    reader_init(&whole, head, data, size, 0);
    reader_init(&pieces, head, data, size, head[3] % 61 + 1);
    do {
        result = reader_next(&whole, &one);
        FUZZ_CHECK(reader_next(&pieces, &other) == result);
        if (result == RECORDS_MORE)
            break;
        FUZZ_CHECK(one.number == other.number);
        if (result != RECORDS_ONE)
            continue;
        FUZZ_CHECK(one.length <= whole.records.max && one.length == other.length &&
                   memcmp(one.text, other.text, one.length) == 0);
        cut(&fields, pieces.records.kind, &separator, &other);
        if (template != NULL)
            fill(template, &fields, kind);
    } while (true);
    fields_done(&fields);
    regfree(&separator);
    records_done(&whole.records);
    records_done(&pieces.records);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum template_kind kind;
    const uint8_t *at = data + HEAD, *end = data + size;
    const char *words[WORDS_MAX];
    struct template *template;
    size_t count = 0;

    if (size < HEAD)
        return 0;
    kind = (data[2] & 1) != 0 ? TEMPLATE_COMMAND : TEMPLATE_PARAMS;
    while (at < end && *at != '\0' && count < WORDS_MAX) {
        const uint8_t *nul = memchr(at, '\0', (size_t)(end - at));

        if (nul == NULL)
            return 0;
        words[count++] = (const char *)at;
        at = nul + 1;
    }
    if (at < end && *at == '\0')
        at++;
    template = make_template(words, count, kind);
    check_stream(data, at, (size_t)(end - at), template, kind);
    template_free(template);
    return 0;
}
