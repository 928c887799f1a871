// bench_relay: the ceiling. A bare epoll relay with two forked workers: it reads lines from
// clients, gives each unparsed to the worker with the fewest, and sends the answers, lines too,
// back to whom they belong. No queue, no limit, no check, no timeout, no supervision: what is left
// is what sockets and wake-ups cost.
//
//     bench_relay PORT WORKERS DEPTH echo|burn
//
// DEPTH lines at most are in a worker at a time, those that it has not begun with included.
#include "../buffer.h"
#include "../work.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_MAX    262144
#define WORKERS_MAX 64
#define PEERS_MAX   4096
#define EVENTS_MAX  64
#define HOLD_NS     100000 // a worker's answers
#define PARAMS      "\"params\":"

// A client or a worker.
struct peer {
    int fd;
    int out_fd; // a client's is its fd, a worker's the other pipe
    bool full;
    size_t scanned; // of `in`: no end of a line so far
    struct buffer in;
    struct buffer out;
    size_t load;      // a worker's: lines that are not answered
    unsigned *owners; // a worker's: the clients of these lines, a ring of `depth`
    size_t first;
};

struct relay {
    int epoll;
    int listener;
    size_t depth;
    unsigned workers;
    unsigned clients;             // peers behind the workers
    struct peer peers[PEERS_MAX]; // the workers, then the clients
};

// A worker: goes line by line. It sends the answers to all that came with one read at once, but
// those that take long each by itself.

static void
answer_echo(struct buffer *out, const char *line, size_t length)
{
    buffer_put(out, line, length);
    buffer_put(out, "\n", 1);
}

static void
answer_burn(struct buffer *out, const char *line, size_t length)
{
    const char *params = memmem(line, length, PARAMS, sizeof(PARAMS) - 1);
    char scratch[WORK_ANSWER_MAX];
    size_t answer_length;

    if (params == NULL)
        errx(1, "a line without params: %.*s", (int)length, line);
    params += sizeof(PARAMS) - 1;
    const char *answer =
        work_answer(true, params, (size_t)(line + length - 1 - params), scratch, &answer_length);
    if (answer == NULL)
        errx(1, "no burn: %.*s", (int)length, line);
    buffer_put(out, line, (size_t)(params - line));
    buffer_put(out, answer, answer_length);
    buffer_puts(out, "}\n");
}

static void
send_all(struct buffer *out, int fd)
{
    while (buffer_length(out) > 0)
        if (buffer_write(out, fd) < 0 && errno != EINTR)
            err(1, "write");
}

static uint64_t
clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static __attribute__((noreturn)) void
work(int in_fd, int out_fd, bool burn)
{
    struct buffer in = {0}, out = {0};
    uint64_t sent_ns = 0;
    const char *end;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        ssize_t count = buffer_read(&in, in_fd, READ_MAX);
        if (count <= 0)
            _exit(count == 0 ? 0 : 1);
        while (buffer_length(&in) > 0 && (end = memchr(buffer_at(&in), '\n', buffer_length(&in)))) {
            (burn ? answer_burn : answer_echo)(&out, buffer_at(&in),
                                               (size_t)(end - buffer_at(&in)));
            buffer_take(&in, (size_t)(end - buffer_at(&in)) + 1);
            if (burn && clock_ns() - sent_ns > HOLD_NS) {
                send_all(&out, out_fd);
                sent_ns = clock_ns();
            }
        }
        send_all(&out, out_fd);
    }
}

// The relay.

static void
watch(struct relay *relay, int fd, unsigned number, uint32_t events, int operation)
{
    struct epoll_event event = {.events = events, .data.u32 = number};

    if (epoll_ctl(relay->epoll, operation, fd, &event) != 0)
        err(1, "epoll_ctl");
}

// While the other side does not take everything, epoll says when it goes on.
static void
set_full(struct relay *relay, unsigned number, bool full)
{
    struct peer *peer = &relay->peers[number];

    if (full == peer->full)
        return;
    peer->full = full;
    if (peer->out_fd == peer->fd)
        watch(relay, peer->fd, number, EPOLLIN | (full ? (uint32_t)EPOLLOUT : 0), EPOLL_CTL_MOD);
    else
        watch(relay, peer->out_fd, number, EPOLLOUT, full ? EPOLL_CTL_ADD : EPOLL_CTL_DEL);
}

static void
flush(struct relay *relay, unsigned number)
{
    struct peer *peer = &relay->peers[number];
    bool full = false;

    while (buffer_length(&peer->out) > 0 && !full)
        if (buffer_write(&peer->out, peer->out_fd) < 0 && errno != EINTR) {
            if (errno != EAGAIN)
                err(1, "write");
            full = true;
        }
    set_full(relay, number, full);
}

static struct peer *
idlest_worker(struct relay *relay)
{
    struct peer *best = &relay->peers[0];

    for (unsigned i = 1; i < relay->workers; i++)
        if (relay->peers[i].load < best->load)
            best = &relay->peers[i];
    return best->load < relay->depth ? best : NULL;
}

// The length of the first line that is there, with its end; or 0.
static size_t
line_length(struct peer *peer)
{
    size_t length = buffer_length(&peer->in);
    const char *begin = buffer_at(&peer->in), *end = NULL;

    if (length > peer->scanned)
        end = memchr(begin + peer->scanned, '\n', length - peer->scanned);
    peer->scanned = end == NULL ? length : 0;
    return end == NULL ? 0 : (size_t)(end - begin) + 1;
}

// Lines of a client go to workers while these have room.
static void
distribute(struct relay *relay, unsigned number)
{
    struct peer *client = &relay->peers[number], *worker;
    size_t length;

    while (buffer_length(&client->in) > 0 && (worker = idlest_worker(relay)) != NULL &&
           (length = line_length(client)) > 0) {
        worker->owners[(worker->first + worker->load++) % relay->depth] = number;
        buffer_put(&worker->out, buffer_at(&client->in), length);
        buffer_take(&client->in, length);
    }
}

// Answers of a worker come in the order of its lines.
static void
deliver(struct relay *relay, unsigned number)
{
    struct peer *worker = &relay->peers[number];
    size_t length;

    while (buffer_length(&worker->in) > 0 && (length = line_length(worker)) > 0) {
        if (worker->load == 0)
            errx(1, "a worker says more than it was asked");
        struct peer *client = &relay->peers[worker->owners[worker->first]];
        worker->first = (worker->first + 1) % relay->depth;
        worker->load--;
        if (client->fd >= 0)
            buffer_put(&client->out, buffer_at(&worker->in), length);
        buffer_take(&worker->in, length);
    }
}

static void
receive(struct relay *relay, unsigned number)
{
    struct peer *peer = &relay->peers[number];
    ssize_t count = buffer_read(&peer->in, peer->fd, READ_MAX);

    if (count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    if (number < relay->workers)
        errx(1, "a worker is gone");
    close(peer->fd); // what it has left in `in` and `out` goes nowhere
    peer->fd = -1;
}

static void
accept_clients(struct relay *relay)
{
    int fd, on = 1;

    while ((fd = accept4(relay->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        unsigned number = relay->workers + relay->clients++;
        if (number == PEERS_MAX)
            errx(1, "too many clients");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        relay->peers[number].fd = relay->peers[number].out_fd = fd;
        watch(relay, fd, number, EPOLLIN, EPOLL_CTL_ADD);
    }
}

// All that came in is read; then it goes out, one write for each peer.
static void
turn(struct relay *relay)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(relay->epoll, events, EVENTS_MAX, -1);
    unsigned peers = relay->workers + relay->clients;

    for (int i = 0; i < count; i++) {
        unsigned number = events[i].data.u32;
        if (number == PEERS_MAX)
            accept_clients(relay);
        else if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0)
            receive(relay, number);
    }
    for (unsigned i = 0; i < relay->workers; i++)
        deliver(relay, i);
    for (unsigned i = relay->workers; i < peers; i++)
        distribute(relay, i);
    for (unsigned i = 0; i < peers; i++)
        if (relay->peers[i].fd >= 0 && (buffer_length(&relay->peers[i].out) > 0))
            flush(relay, i);
}

static void
start_worker(struct relay *relay, unsigned number, bool burn)
{
    int to[2], from[2];
    struct peer *worker = &relay->peers[number];

    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
        err(1, "pipe");
    switch (fork()) {
    case -1:
        err(1, "fork");
    case 0:
        close(to[1]);
        close(from[0]);
        close(relay->listener);
        work(to[0], from[1], burn);
    }
    close(to[0]);
    close(from[1]);
    worker->fd = from[0];
    worker->out_fd = to[1];
    worker->owners = calloc(relay->depth, sizeof(worker->owners[0]));
    if (worker->owners == NULL || fcntl(worker->fd, F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(worker->out_fd, F_SETFL, O_NONBLOCK) != 0)
        err(1, "a worker");
    watch(relay, worker->fd, number, EPOLLIN, EPOLL_CTL_ADD);
}

static void
listen_on(struct relay *relay, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = PEERS_MAX};
    int on = 1;

    relay->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (relay->listener < 0 ||
        setsockopt(relay->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(relay->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(relay->listener, SOMAXCONN) != 0 ||
        epoll_ctl(relay->epoll, EPOLL_CTL_ADD, relay->listener, &event) != 0)
        err(1, "listening on port %d", port);
}

int
main(int argc, char **argv)
{
    struct relay *relay = calloc(1, sizeof(*relay));

    if (argc != 5 || relay == NULL)
        errx(2, "usage: bench_relay PORT WORKERS DEPTH echo|burn");
    signal(SIGPIPE, SIG_IGN);
    relay->workers = (unsigned)atoi(argv[2]);
    relay->depth = (size_t)atol(argv[3]);
    if (relay->workers < 1 || relay->workers > WORKERS_MAX || relay->depth < 1)
        errx(2, "from 1 to %d workers, and a depth of 1 or more", WORKERS_MAX);
    relay->epoll = epoll_create1(EPOLL_CLOEXEC);
    listen_on(relay, atoi(argv[1]));
    for (unsigned i = 0; i < relay->workers; i++)
        start_worker(relay, i, strcmp(argv[4], "burn") == 0);
    puts("ready");
    fflush(stdout);
    for (;;)
        turn(relay);
}
