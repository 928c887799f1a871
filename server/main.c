// offloadd: a table of contents. Command line, configuration, the process itself, then the server.
#include "common/errors.h"
#include "common/log.h"
#include "daemon/activation.h"
#include "daemon/delegation.h"
#include "daemon/missing.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/process.h"
#include "daemon/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define SUBJECT "server"

// Logs where it listens and writes the ready file. 0 or a negative errno.
static int
announce(const struct server *server, const char *ready_file)
{
    size_t count;
    const struct address *addresses = server_addresses(server, &count);
    char *lines = calloc(count, ADDRESS_TEXT_MAX + 1);
    int error = 0;

    if (lines == NULL)
        return -1;
    for (size_t i = 0; i < count; i++) {
        char text[ADDRESS_TEXT_MAX];

        address_format(&addresses[i], text);
        log_notice(SUBJECT, "listening on %s", text);
        strcat(strcat(lines, text), "\n");
    }
    if (ready_file != NULL && (error = process_write_file(ready_file, lines)) != 0)
        log_error(SUBJECT, "cannot write %s: %s", ready_file, strerror(-error));
    free(lines);
    return error;
}

// Serves with what the service manager has handed over. An exit status.
static int
serve_settings(const struct server_settings *settings, const char *ready_file)
{
    struct server_error error;
    struct server *server = server_new(settings, &error);
    int status = EX_OSERR;

    if (server == NULL) {
        log_error(SUBJECT, "%s", error.text);
        return EX_OSERR;
    }
    if (announce(server, ready_file) == 0) {
        server_run(server);
        status = EXIT_STATUS_OK;
    }
    server_free(server);
    return status;
}

static int
serve(const struct config *config, const struct options *options)
{
    struct activation activation;
    struct delegation delegation;
    struct notify notify;
    struct server_settings settings = {
        .config = config,
        .source = &options->source,
        .activation = &activation,
        .delegation = &delegation,
        .notify = &notify,
    };
    char worker_path[4352];
    int error;
    int status;

    // First of all, while nobody else has opened anything.
    error = activation_take(&activation);
    if (error != 0) {
        log_error(SUBJECT, "the sockets that systemd has passed: %s", strerror(-error));
        return EX_OSERR;
    }
    if (process_prepare(&settings.open_files) != 0)
        return EX_OSERR;
    if (!process_find_worker(worker_path, sizeof(worker_path))) {
        log_error(SUBJECT, "the program offload-worker is missing (last looked at %s)",
                  worker_path);
        return EX_OSERR;
    }
    settings.builtin_path = worker_path;
    error = notify_open(&notify);
    if (error != 0)
        log_warning(SUBJECT, "NOTIFY_SOCKET cannot be used: %s", strerror(-error));
    delegation_take(&delegation, NULL);
    delegation_log(&delegation);
    status = serve_settings(&settings, options->ready_file);
    delegation_close(&delegation);
    notify_close(&notify);
    activation_close(&activation);
    return status;
}

static int
check(const struct config *config)
{
    missing_report(config, stderr);
    return config_print(config, stdout) == 0 && fflush(stdout) == 0 ? 0 : EX_IOERR;
}

static int
run(const struct options *options)
{
    struct config_error error;
    struct config *config = config_load(&options->source, &error);
    int status = EXIT_STATUS_CONFIG;

    if (config == NULL || (!options->check && missing_identity(config, &error))) {
        fprintf(stderr, "offloadd: %s\n", error.text);
    } else {
        log_set_level(config->log_level);
        status = options->check ? check(config) : serve(config, options);
    }
    config_free(config);
    return status;
}

int
main(int argc, char **argv)
{
    struct options options;
    int status = EXIT_STATUS_OK;

    if (!options_parse(&options, argc, argv)) {
        fputs("Try 'offloadd --help'.\n", stderr);
        status = EXIT_STATUS_USAGE;
    } else if (options.help) {
        options_help(stdout);
    } else if (options.version) {
        puts("offloadd " OFFLOAD_VERSION);
    } else {
        status = run(&options);
    }
    options_done(&options);
    return status;
}
