// A library that speaks in the probe's place: says what is in the file "words" beside it, again and again if "flood" is
// there.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char words[1 << 20];

__attribute__((constructor)) static void speak(void)
{
    char program[4096] = "", path[4200];
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0 || !strstr(program, "portreserve-probe"))
        return;
    Dl_info self = {0};
    if (!dladdr((void *)speak, &self) || !self.dli_fname)
        return;
    const char *slash = strrchr(self.dli_fname, '/');
    int length = slash ? (int)(slash - self.dli_fname) : 0;
    snprintf(path, sizeof path, "%.*s/words", length, self.dli_fname);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? 0 : read(file, words, sizeof words);
    snprintf(path, sizeof path, "%.*s/flood", length, self.dli_fname);
    struct stat flood;
    int again = stat(path, &flood) == 0;
    do {
        if (size <= 0 || write(1, words, (size_t)size) < 0)
            break;
    } while (again);
    _exit(0);
}
