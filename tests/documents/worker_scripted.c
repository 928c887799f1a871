// A worker that plays its part of an example: `worker_scripted SCRIPT TRANSCRIPT`. The script has
// the example's lines for the worker. For each "==> ..." it takes one line from stdin and adds it
// to the transcript, which the test compares with the example; "<== ..." is what it writes. When
// the script is over it waits for the end of its input. What was played is noted beside the script,
// so that a worker that replaces another goes on where that one ended.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define TAKES  "==> "
#define EXITS  "*** the worker exits with status "
#define SPEAKS "*** the worker writes to stderr: "

#define GOES_ON (-1)

#define NOTES_SUFFIX ".played"
#define PATH_SIZE    4096

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
    if (strncmp(line, TAKES, strlen(TAKES)) == 0)
        return take(transcript_path) ? GOES_ON : EXIT_SUCCESS;
    if (strncmp(line, "<== ", 4) == 0) {
        fputs(line + 4, stdout);
        fflush(stdout);
    } else if (strncmp(line, SPEAKS, strlen(SPEAKS)) == 0) {
        fputs(line + strlen(SPEAKS), stderr);
    }
    return GOES_ON;
}

// Opens the notes, a byte for each line that was played, and leaves those lines of the script out.
static FILE *
resume(const char *script_path, FILE *script)
{
    char path[PATH_SIZE];
    FILE *notes;
    char *line = NULL;
    size_t capacity = 0;

    snprintf(path, sizeof(path), "%s" NOTES_SUFFIX, script_path);
    notes = fopen(path, "a+e");
    if (notes == NULL)
        return NULL;
    rewind(notes);
    while (getc(notes) != EOF && getline(&line, &capacity, script) >= 0)
        ;
    free(line);
    return notes;
}

static void
note(FILE *notes)
{
    fputc('.', notes);
    fflush(notes);
}

// What is written may be the worker's end, so that it is noted before; what is taken is noted when
// it is there.
static int
play_all(FILE *script, FILE *notes, const char *transcript_path)
{
    char *line = NULL;
    size_t capacity = 0;
    int status = GOES_ON;

    while (status == GOES_ON && getline(&line, &capacity, script) >= 0) {
        bool takes = strncmp(line, TAKES, strlen(TAKES)) == 0;

        if (!takes)
            note(notes);
        status = play(line, transcript_path);
        if (takes && status == GOES_ON)
            note(notes);
    }
    free(line);
    return status;
}

int
main(int argc, char **argv)
{
    FILE *script = argc == 3 ? fopen(argv[1], "re") : NULL;
    FILE *notes = script != NULL ? resume(argv[1], script) : NULL;
    int status;

    if (notes == NULL)
        return EXIT_FAILURE;
    status = play_all(script, notes, argv[2]);
    fclose(notes);
    fclose(script);
    while (status == GOES_ON)
        if (getchar() == EOF)
            status = EXIT_SUCCESS;
    return status;
}
