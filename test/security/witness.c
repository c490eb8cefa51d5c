// Tells who runs it: as a library that is loaded (its constructor), as a program that is started, which then starts the
// real one.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef PROGRAM
#define VIA(buffer) link_of("/proc/self/exe", buffer, sizeof buffer)
#else
#define VIA(buffer) own_path(buffer, sizeof buffer)
#endif

extern char **environ;

static char line[65536];
static size_t used;

static void add(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line + used, sizeof line - used, format, arguments);
    va_end(arguments);
    if (length > 0 && used + (size_t)length < sizeof line)
        used += (size_t)length;
}

/* What separates fields and lines must not come from outside. */
static void add_plain(const char *text)
{
    for (; *text; text++)
        add("%c", *text == '\t' || *text == '\n' ? ' ' : *text);
}

static void link_of(const char *path, char *into, size_t size)
{
    ssize_t length = readlink(path, into, size - 1);
    if (length < 0) {
        into[0] = '?';
        length = 1;
    }
    into[length] = 0;
}

static void add_link(const char *name, const char *path)
{
    char target[4096];
    link_of(path, target, sizeof target);
    add("\t%s=", name);
    add_plain(target);
}

/* NUL-separated words of a file, as one text. */
static void add_words(const char *name, const char *path)
{
    static char words[16384];
    add("\t%s=", name);
    int file = open(path, O_RDONLY);
    if (file < 0)
        return;
    ssize_t length = read(file, words, sizeof words - 1);
    close(file);
    for (ssize_t i = 0; i + 1 < length; i++)
        if (!words[i])
            words[i] = ' ';
    words[length < 0 ? 0 : length] = 0;
    add_plain(words);
}

static void add_status(const char *name, const char *key)
{
    static char status[8192];
    add("\t%s=", name);
    int file = open("/proc/self/status", O_RDONLY);
    if (file < 0)
        return;
    ssize_t length = read(file, status, sizeof status - 1);
    close(file);
    status[length < 0 ? 0 : length] = 0;
    char *at = strstr(status, key);
    if (!at)
        return;
    at += strlen(key) + 1;
    add("%.*s", (int)strcspn(at, "\n"), at);
}

/* What root keeps in its session keyring, if this process gets at it. */
static void add_secret(void)
{
    char payload[64] = "";
    long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "portreserve-secret", 0);
    if (key > 0)
        syscall(SYS_keyctl, KEYCTL_READ, key, payload, sizeof payload - 1);
    add("\tsecret=");
    add_plain(payload);
}

static void add_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    add("\tfds=");
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[64], target[4096];
        int number = atoi(entry->d_name);
        if (number < 3 || number == dirfd(folder))
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", number);
        link_of(path, target, sizeof target);
        add("%d:", number);
        add_plain(target);
        add(" ");
    }
    closedir(folder);
}

#ifndef PROGRAM
static void own_path(char *into, size_t size)
{
    Dl_info info = {0};
    dladdr((void *)own_path, &info);
    snprintf(into, size, "%s", info.dli_fname ? info.dli_fname : "?");
}
#endif

static void witness(void)
{
    char via[4096], log[4200];
    VIA(via);
    add("via=");
    add_plain(strrchr(via, '/') ? strrchr(via, '/') + 1 : via);
    add("\tuid=%d\teuid=%d\tpid=%d\tppid=%d", getuid(), geteuid(), getpid(), getppid());
    add_link("exe", "/proc/self/exe");
    add_link("userns", "/proc/self/ns/user");
    add_link("netns", "/proc/self/ns/net");
    add_link("pidns", "/proc/self/ns/pid");
    add_link("root", "/proc/self/root");
    add_status("cap", "CapEff:");
    add_status("bounding", "CapBnd:");
    add_status("nnp", "NoNewPrivs:");
    add_status("seccomp", "Seccomp:");
    add_words("cmd", "/proc/self/cmdline");
    add("\tenv=");
    for (char **entry = environ; entry && *entry; entry++) {
        add_plain(*entry);
        add("\x01");
    }
    add_secret();
    add_descriptors();
    add("\n");
    /* Beside itself, or in the folder above. */
    char *slash = strrchr(via, '/');
    if (slash)
        *slash = 0;
    snprintf(log, sizeof log, "%s/witness.log", via);
    int file = open(log, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file < 0) {
        snprintf(log, sizeof log, "%s/../witness.log", via);
        file = open(log, O_WRONLY | O_APPEND | O_CLOEXEC);
    }
    /* In a root without /proc nothing says where this is. */
    if (file < 0)
        file = open("/witness.log", O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file < 0)
        return;
    if (write(file, line, used) < 0)
        return;
    close(file);
}

#ifdef PROGRAM
/* Where the real program is: in the folder that the log's folder names, or where programs are. */
static void start_real(const char *folder, const char *name, char **arguments)
{
    char path[8300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    execv(path, arguments);
}

int main(int count, char **arguments)
{
    char self[4096];
    (void)count;
    witness();
    link_of("/proc/self/exe", self, sizeof self);
    char *name = strrchr(self, '/');
    name = name ? name + 1 : self;
    start_real("/usr/lib/portreserve-real", name, arguments);
    start_real("/usr/sbin", name, arguments);
    start_real("/usr/bin", name, arguments);
    return 127;
}
#else
__attribute__((constructor)) static void loaded(void)
{
    witness();
}
/* What the loader asks of an auditor. */
unsigned int la_version(unsigned int version)
{
    return version;
}
#endif
