// A worker that plays its part of an example: `worker_scripted SCRIPT TRANSCRIPT`. The script has
// the example's lines for the worker. For each "==> ..." it takes one line from stdin and adds it
// to the transcript, which the test compares with the example; "<== ..." is what it writes. When
// the script is over it waits for the end of its input.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define EXITS  "*** the worker exits with status "
#define SPEAKS "*** the worker writes to stderr: "

#define GOES_ON (-1)

// False at the end of the input.
static bool
take(const char *transcript_path)
{
    char *line = NULL;
    size_t capacity = 0;
    bool taken = getline(&line, &capacity, stdin) >= 0;
    FILE *transcript = taken ? fopen(transcript_path, "ae") : NULL;

    if (transcript != NULL) {
        fputs(line, transcript);
        fclose(transcript);
    }
    free(line);
    return taken;
}

// The exit status, or GOES_ON.
static int
play(const char *line, const char *transcript_path)
{
    if (strncmp(line, EXITS, strlen(EXITS)) == 0)
        return atoi(line + strlen(EXITS));
    if (strncmp(line, "==> ", 4) == 0)
        return take(transcript_path) ? GOES_ON : EXIT_SUCCESS;
    if (strncmp(line, "<== ", 4) == 0) {
        fputs(line + 4, stdout);
        fflush(stdout);
    } else if (strncmp(line, SPEAKS, strlen(SPEAKS)) == 0) {
        fputs(line + strlen(SPEAKS), stderr);
    }
    return GOES_ON;
}

int
main(int argc, char **argv)
{
    FILE *script = argc == 3 ? fopen(argv[1], "re") : NULL;
    char *line = NULL;
    size_t capacity = 0;
    int status = GOES_ON;

    if (script == NULL)
        return EXIT_FAILURE;
    while (status == GOES_ON && getline(&line, &capacity, script) >= 0)
        status = play(line, argv[2]);
    free(line);
    fclose(script);
    while (status == GOES_ON)
        if (getchar() == EOF)
            status = EXIT_SUCCESS;
    return status;
}
