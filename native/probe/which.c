// Which loaded object gives each allocator, as the dynamic linker resolved it in this process.
#include "probe.h"

#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct search {
    uintptr_t address;
    const char *name;
};

static int covers(struct dl_phdr_info *object, size_t size, void *data)
{
    struct search *search = data;

    (void)size;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        if (header->p_type == PT_LOAD && search->address - object->dlpi_addr - header->p_vaddr < header->p_memsz) {
            search->name = object->dlpi_name;
            return 1;
        }
    }
    return 0;
}

// A path may hold any byte but NUL; bytes above ASCII go out as they are.
static void print_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < ' ')
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

void print_providers(void)
{
    static char self[4096];

    for (size_t i = 0; i < ALLOCATORS; i++) {
        const struct symbol *symbol = symbol_at(i);
        struct search search = {.address = symbol->provider};

        // Not dladdr(): built today, that would ask for glibc 2.34.
        if (search.address)
            dl_iterate_phdr(covers, &search);
        // The program's own name is empty there.
        if (search.name && !*search.name) {
            const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
            self[length < 0 ? 0 : length] = '\0';
            search.name = self;
        }
        printf("{\"symbol\":\"%s\",\"object\":", symbol->name);
        if (search.name)
            print_string(search.name);
        else
            fputs("null", stdout);
        puts("}");
    }
}
