// bench_worker_nats: a worker of nats, with libnats: a member of the queue group `workers` on the
// subject of the method. With `asap` each answer is written at once, by the thread that made it;
// without, by libnats' own thread, several at a time.
//
//     bench_worker_nats PORT METHOD asap|buffered echo|burn
#include "../work.h"

#include <err.h>
#include <nats/nats.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PENDING_MAX 4000000 // messages that libnats may hold for us

static void
must(natsStatus status, const char *what)
{
    if (status != NATS_OK)
        errx(1, "nats: %s: %s", what, natsStatus_GetText(status));
}

static void
answer(natsConnection *connection, natsSubscription *subscription, natsMsg *job, void *burn)
{
    char scratch[WORK_ANSWER_MAX];
    size_t length;
    const char *text = work_answer(burn != NULL, natsMsg_GetData(job),
                                   (size_t)natsMsg_GetDataLength(job), scratch, &length);

    (void)subscription;
    if (text == NULL)
        errx(1, "no job: %s", natsMsg_GetData(job));
    must(natsConnection_Publish(connection, natsMsg_GetReply(job), text, (int)length), "publish");
    natsMsg_Destroy(job);
}

int
main(int argc, char **argv)
{
    natsOptions *options;
    natsConnection *connection;
    natsSubscription *subscription;
    char url[64];

    if (argc != 5)
        errx(2, "usage: bench_worker_nats PORT METHOD asap|buffered echo|burn");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(url, sizeof(url), "nats://127.0.0.1:%d", atoi(argv[1]));
    must(natsOptions_Create(&options), "options");
    must(natsOptions_SetURL(options, url), "options");
    must(natsOptions_SetSendAsap(options, strcmp(argv[3], "asap") == 0), "options");
    must(natsConnection_Connect(&connection, options), "connect");
    must(natsConnection_QueueSubscribe(&subscription, connection, argv[2], "workers", answer,
                                       strcmp(argv[4], "burn") == 0 ? options : NULL),
         "subscribe");
    must(natsSubscription_SetPendingLimits(subscription, PENDING_MAX, -1), "limits");
    must(natsConnection_Flush(connection), "flush");
    puts("ready");
    fflush(stdout);
    for (;;)
        pause();
}
