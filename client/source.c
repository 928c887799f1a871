// See source.h.
#include "client/source.h"

#include "common/scanner.h"

#include <stdio.h>
#include <stdlib.h>

struct source {
    struct source_plan plan;
    struct template *template; // NULL: none, or the head is awaited
    bool has_separator;
    regex_t separator;
    struct fields fields; // of the record at hand
    struct fields names;  // of the columns
    char *head;           // that the names point into
};

static bool
is_table(const struct source *source)
{
    return source->plan.kind == SOURCE_CSV || source->plan.kind == SOURCE_TSV;
}

bool
source_awaits_head(const struct source *source)
{
    return is_table(source) && source->head == NULL;
}

static bool
compile(struct source *source, char **ret_problem)
{
    const struct source_plan *plan = &source->plan;

    *ret_problem = NULL;
    if (plan->word_count > 0)
        source->template = template_new(plan->template_kind, plan->words, plan->word_count,
                                        &source->names, ret_problem);
    else
        source->template = template_of_names(&source->names, ret_problem);
    return source->template != NULL;
}

struct source *
source_new(const struct source_plan *plan, char **ret_problem)
{
    struct source *source = calloc(1, sizeof(*source));
    bool good;

    *ret_problem = NULL;
    if (source == NULL)
        return NULL;
    source->plan = *plan;
    good =
        plan->separator == NULL || fields_compile(plan->separator, &source->separator, ret_problem);
    source->has_separator = good && plan->separator != NULL;
    if (good && plan->word_count > 0 && !is_table(source))
        good = compile(source, ret_problem);
    if (good)
        return source;
    source_free(source);
    return NULL;
}

void
source_free(struct source *source)
{
    if (source == NULL)
        return;
    if (source->has_separator)
        regfree(&source->separator);
    template_free(source->template);
    fields_done(&source->fields);
    fields_done(&source->names);
    free(source->head);
    free(source);
}

static bool
cut_row(const struct source *source, struct fields *fields, char *text, size_t length)
{
    return source->plan.kind == SOURCE_CSV ? fields_from_csv(fields, text, length)
                                           : fields_from_tsv(fields, text, length);
}

// Some programs put a byte order mark before the first name.
static enum source_result
take_head(struct source *source, const struct record *record, char **ret_problem)
{
    bool marked = record->length >= 3 && memcmp(record->text, "\xef\xbb\xbf", 3) == 0;
    size_t skip = marked ? 3 : 0;

    source->head = strndup(record->text + skip, record->length - skip);
    if (source->head == NULL ||
        !cut_row(source, &source->names, source->head, record->length - skip))
        return SOURCE_NO_MEMORY;
    if (compile(source, ret_problem))
        return SOURCE_HEAD;
    return *ret_problem != NULL ? SOURCE_REFUSED : SOURCE_NO_MEMORY;
}

// ---- fields ----------------------------------------------------------------------------------

static enum source_result
check_row(const struct source *source, char **ret_problem)
{
    if (source->fields.count == source->names.count)
        return SOURCE_JOB;
    return asprintf(ret_problem, "it has %zu fields, and the first row has %zu",
                    source->fields.count, source->names.count) < 0
               ? SOURCE_NO_MEMORY
               : SOURCE_MISTAKE;
}

// The fields of the record; *ret_fields is borrowed.
static enum source_result
cut_record(struct source *source, const struct input_record *record,
           const struct fields **ret_fields, char **ret_problem)
{
    struct fields *fields = &source->fields;
    char *text = record->record.text;
    size_t length = record->record.length;

    *ret_fields = record->fields != NULL ? record->fields : fields;
    if (record->fields != NULL)
        return SOURCE_JOB;
    if (is_table(source))
        return cut_row(source, fields, text, length) ? check_row(source, ret_problem)
                                                     : SOURCE_NO_MEMORY;
    if (source->has_separator)
        return fields_from_regex(fields, &source->separator, text, length) ? SOURCE_JOB
                                                                           : SOURCE_NO_MEMORY;
    return fields_from_whole(fields, text, length) ? SOURCE_JOB : SOURCE_NO_MEMORY;
}

// ---- params ----------------------------------------------------------------------------------

static enum source_result
problem_or_memory(const char *problem)
{
    return problem != NULL ? SOURCE_MISTAKE : SOURCE_NO_MEMORY;
}

static enum source_result
fill(const struct source *source, const struct fields *fields, struct job *job, char **ret_problem)
{
    job->params.at =
        template_fill(source->template, fields, job->seq, &job->params.length, ret_problem);
    return job->params.at != NULL ? SOURCE_JOB : problem_or_memory(*ret_problem);
}

// A scalar becomes the one element of an array.
static bool
take_value(struct job *job, struct span value, enum json_kind kind)
{
    if (kind == JSON_KIND_ARRAY || kind == JSON_KIND_OBJECT)
        return job_text_set(&job->params, value);
    job->params.at = malloc(value.length + 3);
    if (job->params.at == NULL)
        return false;
    job->params.length = value.length + 2;
    job->params.at[0] = '[';
    memcpy(job->params.at + 1, value.at, value.length);
    memcpy(job->params.at + 1 + value.length, "]", 2);
    return true;
}

static enum source_result
take_json(struct span text, struct job *job, char **ret_problem)
{
    struct scanner scanner;
    struct span value;
    enum json_kind kind;

    scanner_init(&scanner, text, SCANNER_DEPTH_LIMIT);
    if (scanner_value(&scanner, &kind, &value) && scanner_finish(&scanner))
        return take_value(job, value, kind) ? SOURCE_JOB : SOURCE_NO_MEMORY;
    return asprintf(ret_problem, "%s (at byte %zu)", scanner.reason, scanner_offset(&scanner)) < 0
               ? SOURCE_NO_MEMORY
               : SOURCE_MISTAKE;
}

// Words without a template: one that is JSON is what a line of JSON would be, any other a string.
static enum source_result
take_words(const struct fields *fields, struct job *job, char **ret_problem)
{
    struct template *template;

    if (fields->count == 1 && scanner_check(fields->items[0], SCANNER_DEPTH_LIMIT) == SCAN_OK)
        return take_json(fields->items[0], job, ret_problem);
    template = template_of_places(fields->count);
    if (template == NULL)
        return SOURCE_NO_MEMORY;
    job->params.at = template_fill(template, fields, job->seq, &job->params.length, ret_problem);
    template_free(template);
    return job->params.at != NULL ? SOURCE_JOB : problem_or_memory(*ret_problem);
}

static bool
take_tag(struct job *job, const struct fields *fields)
{
    job->tag.at = template_join(fields, &job->tag.length);
    return job->tag.at != NULL;
}

enum source_result
source_make(struct source *source, const struct input_record *record, struct job *job,
            char **ret_problem)
{
    struct span text = {record->record.text, record->record.length};
    const struct fields *fields;
    enum source_result result;

    *ret_problem = NULL;
    if (source_awaits_head(source))
        return take_head(source, &record->record, ret_problem);
    if (source->plan.kind == SOURCE_JSON && record->fields == NULL) {
        if (source->plan.tags && !job_text_set(&job->tag, text))
            return SOURCE_NO_MEMORY;
        return take_json(text, job, ret_problem);
    }
    result = cut_record(source, record, &fields, ret_problem);
    if (result != SOURCE_JOB)
        return result;
    if (source->plan.tags && !take_tag(job, fields))
        return SOURCE_NO_MEMORY;
    return source->template != NULL ? fill(source, fields, job, ret_problem)
                                    : take_words(fields, job, ret_problem);
}
