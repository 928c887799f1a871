// Cuts a stream of bytes into records: lines, texts that end in a NUL, or rows of CSV, whose quoted
// fields may hold line breaks. However it comes in pieces, no byte is looked at twice. Plain data.
//
//     room = records_room(&records, 65536, &size);  n = read(...);  records_filled(&records, n);
//     while ((what = records_next(&records, &record)) != RECORDS_MORE) ...
#ifndef OFFLOAD_CLIENT_RECORDS_H
#define OFFLOAD_CLIENT_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum records_kind {
    RECORDS_JSON,  // lines; blank ones are left out, and a '\r' before the newline
    RECORDS_LINES, // lines as they are, empty ones too
    RECORDS_NUL,   // each ends in a NUL byte
    RECORDS_CSV,   // RFC 4180; empty lines are left out, and a '\r' before the newline
    RECORDS_TSV,   // the same without quotes
};

enum records_result {
    RECORDS_MORE,     // no whole record is left: more bytes are needed, or nothing is left at all
    RECORDS_ONE,      // a record
    RECORDS_TOO_LONG, // one went over the limit; its rest will be skipped
};

struct record {
    char *text;      // without its ending; good until the next records_room, and may be written to
    size_t length;   // the byte after it may be written to as well
    uint64_t number; // of its first line, or (RECORDS_NUL) of the record, from 1
};

struct records {
    enum records_kind kind;
    size_t max;
    char *buffer;
    size_t start;   // first byte not handed out yet
    size_t scanned; // the record's end is not before here
    size_t end;
    size_t capacity;
    uint64_t number; // of the record at start
    uint64_t breaks; // line breaks inside it, so far
    bool quoted;     // scanned stands inside quotes
    bool skipping;   // the rest of a record that was too long
};

void records_init(struct records *records, enum records_kind kind, size_t max);
void records_done(struct records *records);

// A place for at least `least` more bytes; NULL when out of memory.
char *records_room(struct records *records, size_t least, size_t *ret_size);
void records_filled(struct records *records, size_t size);

// The next record; at the end of the input (`last`) also one that has no ending.
enum records_result records_next(struct records *records, bool last, struct record *ret);

#endif
