// See params.h.
#include "daemon/params.h"

#include "common/arguments.h"
#include "common/scanner.h"

#include <stdio.h>

#define NAMES_MAX 128

struct reading {
    const struct param *table;
    size_t count;
    struct param_value *values;
    struct argument argument; // what the fault is about
    struct argument_fault fault;
    char names[NAMES_MAX];
};

static const struct param nothing = {.name = "params", .expected = "no params"};
static const struct param anything = {.name = "params", .expected = "an array or an object"};

static bool
fault(struct reading *reading, const struct param *param, const char *reason)
{
    reading->argument = (struct argument){.name = param->name, .expected = param->expected};
    reading->fault = (struct argument_fault){.member = span_of(param->name), .reason = reason};
    return false;
}

// "pool, slot and pid"
static const char *
list_names(struct reading *reading)
{
    size_t length = 0;

    for (size_t i = 0; i < reading->count && length < NAMES_MAX; i++)
        length += (size_t)snprintf(reading->names + length, NAMES_MAX - length, "%s%s",
                                   i == 0                    ? ""
                                   : i == reading->count - 1 ? " and "
                                                             : ", ",
                                   reading->table[i].name);
    return reading->names;
}

static bool
fault_of_others(struct reading *reading, struct span member, const char *reason)
{
    if (reading->count == 0)
        return fault(reading, &nothing, "too many");
    reading->argument = (struct argument){.name = "", .expected = list_names(reading)};
    reading->fault = (struct argument_fault){.member = member, .reason = reason};
    return false;
}

static bool
read_number(struct reading *reading, const struct param *param, enum json_kind kind,
            struct span text, struct param_value *value)
{
    struct argument argument = {.name = param->name, .expected = param->expected};
    struct argument_fault why;

    if (argument_whole_number(&argument, kind, text, param->most, &value->number, &why))
        return true;
    return fault(reading, param, why.reason);
}

static bool
read_value(struct reading *reading, size_t index, enum json_kind kind, struct span text)
{
    const struct param *param = &reading->table[index];
    struct param_value *value = &reading->values[index];

    value->given = true; // a later one of the same name wins
    switch (param->kind) {
    case PARAM_BOOLEAN:
        value->boolean = kind == JSON_KIND_TRUE;
        return kind == JSON_KIND_TRUE || kind == JSON_KIND_FALSE ||
               fault(reading, param, "wrong type");
    case PARAM_STRING:
        if (kind != JSON_KIND_STRING)
            return fault(reading, param, "wrong type");
        value->string = (struct span){.at = text.at + 1, .length = text.length - 2};
        return true;
    case PARAM_NUMBER:
        return read_number(reading, param, kind, text, value);
    }
    return false;
}

static bool
read_by_name(struct reading *reading, struct scanner *scanner)
{
    enum json_kind kind;
    struct span value;
    struct span name;
    size_t i;

    while (scanner_member(scanner, &name)) {
        for (i = 0; i < reading->count; i++)
            if (scanner_name_is(name, reading->table[i].name))
                break;
        if (i == reading->count)
            return fault_of_others(reading, name, "unknown member");
        if (!scanner_value(scanner, &kind, &value) || !read_value(reading, i, kind, value))
            return false;
    }
    return true;
}

static bool
read_by_position(struct reading *reading, struct scanner *scanner)
{
    enum json_kind kind;
    struct span value;

    for (size_t i = 0; scanner_element(scanner); i++) {
        if (i == reading->count)
            return fault_of_others(reading, SPAN("params"), "too many");
        if (!scanner_value(scanner, &kind, &value) || !read_value(reading, i, kind, value))
            return false;
    }
    return true;
}

static bool
read_text(struct reading *reading, struct span text)
{
    struct scanner scanner;
    enum json_kind kind;

    fault(reading, &anything, "not JSON"); // until all is known to be well
    scanner_init(&scanner, text, SCANNER_DEPTH_LIMIT);
    return scanner_peek(&scanner, &kind) && (kind == JSON_KIND_OBJECT || kind == JSON_KIND_ARRAY) &&
           scanner_enter(&scanner, kind) &&
           (kind == JSON_KIND_OBJECT ? read_by_name : read_by_position)(reading, &scanner) &&
           scanner.status == SCAN_OK && scanner_finish(&scanner);
}

static bool
read_all(struct reading *reading, struct span text)
{
    if (span_present(text) && !read_text(reading, text))
        return false;
    for (size_t i = 0; i < reading->count; i++)
        if (reading->table[i].required && !reading->values[i].given)
            return fault(reading, &reading->table[i], "missing");
    return true;
}

bool
params_read(const struct param *table, size_t count, struct span text,
            struct param_value ret_values[PARAMS_MAX], char **ret_error, size_t *ret_length)
{
    struct reading reading = {.table = table, .count = count, .values = ret_values};

    memset(ret_values, 0, PARAMS_MAX * sizeof(*ret_values));
    if (read_all(&reading, text))
        return true;
    *ret_error = argument_error(&reading.argument, &reading.fault, ret_length);
    return false;
}

char *
params_error(const struct param *param, const char *reason, size_t *ret_length)
{
    struct argument argument = {.name = param->name, .expected = param->expected};
    struct argument_fault why = {.member = span_of(param->name), .reason = reason};

    return argument_error(&argument, &why, ret_length);
}
