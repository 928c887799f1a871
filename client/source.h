// Makes jobs of records: reads what they are (JSON, plain text, tables), and fills in a template.
// Knows neither where records come from nor where jobs go.
#ifndef OFFLOAD_CLIENT_SOURCE_H
#define OFFLOAD_CLIENT_SOURCE_H

#include "client/input.h"
#include "client/job.h"
#include "client/template.h"

struct source;

enum source_kind {
    SOURCE_JSON, // a JSON value: params, or the only element of them
    SOURCE_TEXT, // plain text, or words
    SOURCE_CSV,  // a table; the first row has the names of its columns
    SOURCE_TSV,
};

struct source_plan {
    enum source_kind kind;
    enum template_kind template_kind;
    const char *const *words; // of the template; none: the record alone
    size_t word_count;
    const char *separator; // of fields in SOURCE_TEXT; NULL: a record is one field
    bool tags;             // each job is to have its tag
};

enum source_result {
    SOURCE_JOB,
    SOURCE_HEAD,    // the names of the columns: no job
    SOURCE_MISTAKE, // *ret_problem says why
    SOURCE_REFUSED, // the same, of the head: no record can be read
    SOURCE_NO_MEMORY,
};

// NULL with *ret_problem set to a sentence (malloc, caller frees; NULL when out of memory). What
// the plan points at must outlive it.
struct source *source_new(const struct source_plan *plan, char **ret_problem);
void source_free(struct source *source);

// Fills in the params, and the tag, of a job whose seq is known.
enum source_result source_make(struct source *source, const struct input_record *record,
                               struct job *job, char **ret_problem);

// True if the next record is no job but the head of a table.
bool source_awaits_head(const struct source *source);

#endif
