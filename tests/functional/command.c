// See command.h.
#include "command.h"

#include "arguments.h"
#include "assertions.h"
#include "deadline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// In the child.
static void
become(char **line, const int ends[3], const char *const environment[])
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL); // the test ignores it
    for (int i = 0; i < 3; i++)
        if (dup2(ends[i], i) < 0)
            _exit(125);
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++)
        putenv((char *)environment[i]);
    execv(line[0], line);
    _exit(125);
}

void
command_start(struct command *command, const char *program, const char *const arguments[],
              const char *const environment[])
{
    struct arguments line;
    int in[2], out[2], err[2];

    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
    arguments_init(&line);
    arguments_add_wrapper(&line);
    arguments_add(&line, program);
    for (size_t i = 0; arguments[i] != NULL; i++)
        arguments_add(&line, arguments[i]);
    *command = (struct command){.input = in[1], .output = out[0], .errors = err[0]};
    command->pid = fork();
    if (command->pid == 0)
        become(line.items, (int[]){in[0], out[1], err[1]}, environment);
    assert_true(command->pid > 0);
    arguments_done(&line);
    close(in[0]);
    close(out[1]);
    close(err[1]);
    fcntl(command->input, F_SETFL, O_NONBLOCK);
    command->out = strdup("");
    command->err = strdup("");
}

// Appends what a pipe holds; closes it at its end.
static void
collect(int *fd, char **text, size_t *length)
{
    char piece[65536];
    ssize_t got = read(*fd, piece, sizeof(piece));

    if (got <= 0) {
        close(*fd);
        *fd = -1;
        return;
    }
    *text = realloc(*text, *length + (size_t)got + 1);
    assert_non_null(*text);
    memcpy(*text + *length, piece, (size_t)got);
    *length += (size_t)got;
    (*text)[*length] = '\0';
}

// Waits for output, and for room at the input if that is wanted.
static bool
await(struct command *command, bool writing, int64_t deadline_us)
{
    struct pollfd wait[3] = {{.fd = command->output, .events = POLLIN},
                             {.fd = command->errors, .events = POLLIN},
                             {.fd = writing ? command->input : -1, .events = POLLOUT}};

    if (command->output < 0 && command->errors < 0 && !writing)
        return false;
    if (poll(wait, 3, deadline_left_ms(deadline_us)) <= 0)
        return false;
    if (wait[0].revents != 0)
        collect(&command->output, &command->out, &command->out_length);
    if (wait[1].revents != 0)
        collect(&command->errors, &command->err, &command->err_length);
    return true;
}

bool
command_read(struct command *command, int64_t deadline_us)
{
    return await(command, false, deadline_us);
}

bool
command_write(struct command *command, const char *text, size_t length)
{
    int64_t deadline = deadline_in(PATIENCE);

    while (length > 0) {
        ssize_t written = write(command->input, text, length);

        if (written < 0 && errno == EPIPE)
            return false;
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        } else if (!await(command, true, deadline)) {
            fail_msg("the command takes no input");
        }
    }
    return true;
}

void
command_close_input(struct command *command)
{
    if (command->input >= 0)
        close(command->input);
    command->input = -1;
}

void
command_wait(struct command *command)
{
    int64_t deadline = deadline_in(PATIENCE);
    int status = 0;

    command_close_input(command);
    while (command_read(command, deadline))
        ;
    while (waitpid(command->pid, &status, WNOHANG) != command->pid) {
        if (deadline_passed(deadline))
            fail_msg("the command does not end; stdout %.500s; stderr %.500s", command->out,
                     command->err);
        deadline_pause();
    }
    command->pid = 0;
    command->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void
command_done(struct command *command)
{
    if (command->pid > 0) {
        kill(command->pid, SIGKILL);
        waitpid(command->pid, NULL, 0);
    }
    command_close_input(command);
    if (command->output >= 0)
        close(command->output);
    if (command->errors >= 0)
        close(command->errors);
    free(command->out);
    free(command->err);
    *command = (struct command){.input = -1, .output = -1, .errors = -1};
}

void
command_run(struct command *command, const char *program, const char *const arguments[],
            const char *const environment[], const char *input)
{
    command_start(command, program, arguments, environment);
    if (input != NULL)
        command_write(command, input, strlen(input));
    command_wait(command);
}
