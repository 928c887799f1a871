// See pretender.h.
#include "pretender.h"

#include "assertions.h"
#include "deadline.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TURN_MS 10

struct pretender {
    pthread_t thread;
    pthread_mutex_t lock; // of all that follows
    struct sockaddr_un address;
    bool ended;
    bool present;
    bool refuses;
    char *status;
    char *answer;
    char *asked; // lines, one after the other
    int listener;
    int client; // -1: none
    char line[8192];
    size_t length;
};

// ---- the thread ------------------------------------------------------------------------------

static void
reply(struct pretender *pretender, const json_t *id, const char *member)
{
    char *id_text = json_dumps(id, JSON_ENCODE_ANY);
    char *text = NULL;
    int length = asprintf(&text, "{\"jsonrpc\":\"2.0\",\"id\":%s,%s}\n", id_text, member);

    if (length > 0 && send(pretender->client, text, (size_t)length, MSG_NOSIGNAL) != length &&
        errno != EPIPE)
        perror("pretender");
    free(text);
    free(id_text);
}

static void
reply_status(struct pretender *pretender, const json_t *request)
{
    const json_t *id = json_object_get(request, "id");
    char *member = NULL;

    if (pretender->refuses && json_object_get(request, "params") != NULL) {
        reply(pretender, id, "\"error\":{\"code\":-32602,\"message\":\"Invalid params\"}");
        return;
    }
    if (pretender->status == NULL || asprintf(&member, "\"result\":%s", pretender->status) < 0)
        return;
    reply(pretender, id, member);
    free(member);
}

static void
take_line(struct pretender *pretender)
{
    json_auto_t *request = json_loads(pretender->line, 0, NULL);
    const char *method = json_string_value(json_object_get(request, "method"));
    char *asked = NULL;

    if (asprintf(&asked, "%s%s\n", pretender->asked, pretender->line) > 0) {
        free(pretender->asked);
        pretender->asked = asked;
    }
    if (method != NULL && strcmp(method, "server.status") == 0)
        reply_status(pretender, request);
    else
        reply(pretender, json_object_get(request, "id"), pretender->answer);
}

static void
hang_up(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void
take_bytes(struct pretender *pretender)
{
    char piece[1024];
    ssize_t got = recv(pretender->client, piece, sizeof(piece), MSG_DONTWAIT);

    if (got == 0 || (got < 0 && errno != EAGAIN))
        hang_up(&pretender->client);
    for (ssize_t i = 0; i < got; i++) {
        if (piece[i] != '\n' && pretender->length + 1 < sizeof(pretender->line)) {
            pretender->line[pretender->length++] = piece[i];
            continue;
        }
        pretender->line[pretender->length] = '\0';
        pretender->length = 0;
        take_line(pretender);
    }
}

static void
listen_again(struct pretender *pretender)
{
    pretender->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(pretender->address.sun_path);
    if (bind(pretender->listener, (const struct sockaddr *)&pretender->address,
             sizeof(pretender->address)) != 0 ||
        listen(pretender->listener, 8) != 0)
        perror("pretender");
}

static void
turn(struct pretender *pretender)
{
    if (!pretender->present) {
        hang_up(&pretender->client);
        if (pretender->listener >= 0)
            unlink(pretender->address.sun_path);
        hang_up(&pretender->listener);
        return;
    }
    if (pretender->listener < 0)
        listen_again(pretender);
    if (pretender->client < 0) {
        pretender->length = 0;
        pretender->client = accept4(pretender->listener, NULL, NULL, SOCK_CLOEXEC);
    } else {
        take_bytes(pretender);
    }
}

static void *
pretend(void *context)
{
    struct pretender *pretender = context;
    bool ended = false;

    while (!ended) {
        pthread_mutex_lock(&pretender->lock);
        turn(pretender);
        ended = pretender->ended;
        pthread_mutex_unlock(&pretender->lock);
        poll(NULL, 0, TURN_MS);
    }
    return NULL;
}

// ---- the test --------------------------------------------------------------------------------

static void
set_text(struct pretender *pretender, char **text, const char *value)
{
    pthread_mutex_lock(&pretender->lock);
    free(*text);
    *text = value != NULL ? strdup(value) : NULL;
    pthread_mutex_unlock(&pretender->lock);
}

static void
set_flag(struct pretender *pretender, bool *flag, bool value)
{
    pthread_mutex_lock(&pretender->lock);
    *flag = value;
    pthread_mutex_unlock(&pretender->lock);
}

// Waits until it listens, or does not any more.
static void
await_presence(struct pretender *pretender, bool present)
{
    int64_t deadline = deadline_in(PATIENCE);
    bool listens = !present;

    set_flag(pretender, &pretender->present, present);
    while (listens != present) {
        if (deadline_passed(deadline))
            fail_msg("the pretender does not %s", present ? "come" : "go");
        deadline_pause();
        pthread_mutex_lock(&pretender->lock);
        listens = pretender->listener >= 0;
        pthread_mutex_unlock(&pretender->lock);
    }
}

struct pretender *
pretender_new(const char *path)
{
    struct pretender *pretender = calloc(1, sizeof(*pretender));

    pretender->address.sun_family = AF_UNIX;
    strncpy(pretender->address.sun_path, path, sizeof(pretender->address.sun_path) - 1);
    pretender->listener = pretender->client = -1;
    pretender->asked = strdup("");
    pretender->answer = strdup("\"result\":{}");
    pthread_mutex_init(&pretender->lock, NULL);
    assert_int_equal(pthread_create(&pretender->thread, NULL, pretend, pretender), 0);
    await_presence(pretender, true);
    return pretender;
}

void
pretender_free(struct pretender *pretender)
{
    await_presence(pretender, false);
    set_flag(pretender, &pretender->ended, true);
    pthread_join(pretender->thread, NULL);
    pthread_mutex_destroy(&pretender->lock);
    free(pretender->status);
    free(pretender->answer);
    free(pretender->asked);
    free(pretender);
}

void
pretender_set_status(struct pretender *pretender, const char *document)
{
    set_text(pretender, &pretender->status, document);
}

void
pretender_refuse_params(struct pretender *pretender, bool refuse)
{
    set_flag(pretender, &pretender->refuses, refuse);
}

void
pretender_set_answer(struct pretender *pretender, const char *member)
{
    set_text(pretender, &pretender->answer, member);
}

void
pretender_leave(struct pretender *pretender)
{
    await_presence(pretender, false);
}

void
pretender_return(struct pretender *pretender)
{
    await_presence(pretender, true);
}

bool
pretender_was_asked(struct pretender *pretender, const char *text)
{
    bool found;

    pthread_mutex_lock(&pretender->lock);
    found = strstr(pretender->asked, text) != NULL;
    if (found)
        pretender->asked[0] = '\0';
    pthread_mutex_unlock(&pretender->lock);
    return found;
}

void
pretender_await(struct pretender *pretender, const char *text)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (!pretender_was_asked(pretender, text)) {
        if (deadline_passed(deadline))
            fail_msg("nobody asks for %s", text);
        deadline_pause();
    }
}
