// The command line.
#include "hold.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: portreserve-hold [--root FOLDER] [--file FILE] [--state FILE] [--fdstore] [--check]\n"
    "Holds the ports of /etc/portreserve.hold for their owners, in the foreground, until it is stopped.\n"
    "SIGHUP reads the file again; SIGTERM and SIGINT end it. What is held is in /run/portreserve/hold.json.\n"
    "  --root FOLDER  both files are below this folder\n"
    "  --file FILE    another file than /etc/portreserve.hold\n"
    "  --state FILE   another file than /run/portreserve/hold.json\n"
    "  --fdstore      the service manager keeps the sockets too, and hands them back at the next start\n"
    "  --check        only say whether the file is as it must be\n"
    "  --help         this text\n"
    "  --version      which version this is\n"
    "exit: 0 stopped, or the file is good; 1 it cannot run, or the file is not good; 2 usage\n";

static char file[PATH_MAX], state[PATH_MAX];

static int print(const char *words)
{
    const size_t length = strlen(words);

    return write(STDOUT_FILENO, words, length) == (ssize_t)length ? 0 : 1;
}

static int misused(const char *why, const char *argument)
{
    pr_say("error: ", why, " '", argument, "'; 'portreserve-hold --help' says what there is", NULL);
    return 2;
}

int pr_hold_options(int argc, char **argv, struct pr_hold_options *ret_options)
{
    struct pr_hold_options options = {.file = NULL, .state = NULL, .check = false, .fdstore = false};
    const char *root = "";

    for (int i = 1; i < argc; i++) {
        const char **value = NULL;

        if (strcmp(argv[i], "--help") == 0)
            return print(usage);
        if (strcmp(argv[i], "--version") == 0)
            return print("portreserve-hold " PR_VERSION "\n");
        if (strcmp(argv[i], "--check") == 0) {
            options.check = true;
            continue;
        }
        if (strcmp(argv[i], "--fdstore") == 0) {
            options.fdstore = true;
            continue;
        }
        if (strcmp(argv[i], "--root") == 0)
            value = &root;
        else if (strcmp(argv[i], "--file") == 0)
            value = &options.file;
        else if (strcmp(argv[i], "--state") == 0)
            value = &options.state;
        else
            return misused("unknown argument", argv[i]);
        if (i + 1 == argc || *argv[i + 1] == '\0')
            return misused("no path after", argv[i]);
        *value = argv[++i];
    }
    if (!pr_join(file, root, "/etc/portreserve.hold") || !pr_join(state, root, "/run/portreserve/hold.json"))
        return misused("too long a path is", root);
    if (!options.file)
        options.file = file;
    if (!options.state)
        options.state = state;
    *ret_options = options;
    return -1;
}
