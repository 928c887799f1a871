// See answer.h.
#include "builtin/answer.h"

void
job_answer_error(struct job_answer *answer, char *error, size_t length)
{
    answer->failed = true;
    answer->owned = error;
    answer->body = (struct span){.at = error, .length = length};
}

void
job_answer_code(struct job_answer *answer, enum error_code code)
{
    size_t length = 0;
    char *error = error_object(code, (struct span){0}, &length);

    job_answer_error(answer, error, length);
}

void
job_answer_no_method(struct job_answer *answer, struct span method)
{
    size_t length = 0;
    char *error = error_object_method(method, &length);

    job_answer_error(answer, error, length);
}
