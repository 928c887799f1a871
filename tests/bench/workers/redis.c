// bench_worker_redis: a worker over lists of redis, with hiredis. It takes up to COUNT jobs at a
// time and sends all their answers and the next BLMPOP with one write.
//
//     bench_worker_redis PORT COUNT echo|burn
#include "../work.h"

#include <err.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

// What a command answers; the caller frees it.
static redisReply *
reply(redisContext *context)
{
    redisReply *answer;

    if (redisGetReply(context, (void **)&answer) != REDIS_OK)
        errx(1, "redis: %s", context->errstr);
    if (answer->type == REDIS_REPLY_ERROR)
        errx(1, "redis: %s", answer->str);
    return answer;
}

// The jobs are "LIST PARAMS". Answers for the same list go out in one RPUSH: argv has room for them
// all.
struct answers {
    char list[32];
    const char *argv[1026];
    size_t lengths[1026];
    int argc;
};

static void
push(redisContext *context, struct answers *answers, int *pending)
{
    if (answers->argc <= 2)
        return;
    if (redisAppendCommandArgv(context, answers->argc, answers->argv, answers->lengths) != REDIS_OK)
        errx(1, "redis: %s", context->errstr);
    answers->argc = 0;
    ++*pending;
}

static void
answer(redisContext *context, const redisReply *job, bool burn, struct answers *answers,
       char *scratch, int *pending)
{
    const char *space = memchr(job->str, ' ', job->len);
    size_t list = space == NULL ? 0 : (size_t)(space - job->str);

    if (list == 0 || list >= sizeof(answers->list))
        errx(1, "no job: %s", job->str);
    if (answers->argc == 0 || strncmp(answers->list, job->str, list) != 0 ||
        answers->list[list] != '\0') {
        push(context, answers, pending);
        *answers = (struct answers){.argv = {"RPUSH"}, .lengths = {5}, .argc = 2};
        memcpy(answers->list, job->str, list);
        answers->argv[1] = answers->list;
        answers->lengths[1] = list;
    }
    answers->argv[answers->argc] = work_answer(burn, space + 1, job->len - list - 1, scratch,
                                               &answers->lengths[answers->argc]);
    if (answers->argv[answers->argc++] == NULL)
        errx(1, "no job: %s", job->str);
}

static void
serve(redisContext *context, int count, bool burn)
{
    struct answers answers = {.argc = 0};
    char(*scratch)[WORK_ANSWER_MAX] = calloc((size_t)count, sizeof(*scratch));

    if (scratch == NULL)
        err(1, "the answers");
    for (;;) {
        int pending = 0;
        redisReply *jobs = reply(context); // [the list's name, [job, ...]]
        const redisReply *list = jobs->element[1];
        for (size_t i = 0; i < list->elements; i++)
            answer(context, list->element[i], burn, &answers, scratch[i], &pending);
        push(context, &answers, &pending);
        redisAppendCommand(context, "BLMPOP 0 1 jobs LEFT COUNT %d", count);
        freeReplyObject(jobs);
        for (; pending > 0; pending--)
            freeReplyObject(reply(context));
    }
}

int
main(int argc, char **argv)
{
    if (argc != 4 || atoi(argv[2]) < 1 || atoi(argv[2]) > 1024)
        errx(2, "usage: bench_worker_redis PORT COUNT echo|burn");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    redisContext *context = redisConnect("127.0.0.1", atoi(argv[1]));
    if (context == NULL || context->err != 0)
        errx(1, "redis: %s", context == NULL ? "no memory" : context->errstr);
    redisReply *pong = redisCommand(context, "PING");
    if (pong == NULL)
        errx(1, "redis: %s", context->errstr);
    freeReplyObject(pong);
    puts("ready");
    fflush(stdout);
    redisAppendCommand(context, "BLMPOP 0 1 jobs LEFT COUNT %d", atoi(argv[2]));
    serve(context, atoi(argv[2]), strcmp(argv[3], "burn") == 0);
}
