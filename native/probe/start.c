// Where a program starts. Linked plainly, its first call asks for glibc 2.34 though nothing in it needs that; this asks
// for the first version there was. The linker puts it in the place of that call: -Wl,--wrap=__libc_start_main.
typedef int main_function(int, char **, char **);

#if defined(__x86_64__)
__asm__(".symver first_start_main, __libc_start_main@GLIBC_2.2.5");
#elif defined(__i386__)
__asm__(".symver first_start_main, __libc_start_main@GLIBC_2.0");
#elif defined(__aarch64__)
__asm__(".symver first_start_main, __libc_start_main@GLIBC_2.17");
#else
#define first_start_main __real___libc_start_main
#endif

int first_start_main(main_function *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                     void (*loader_fini)(void), void *stack_end);
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker wants this very name.
int __wrap___libc_start_main(main_function *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                             void (*loader_fini)(void), void *stack_end);

// `init` and `fini` are null in programs linked by glibc 2.34 or later. An older glibc then runs no constructors, and
// these programs have none.
int __wrap___libc_start_main(main_function *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                             void (*loader_fini)(void), void *stack_end)
{
    return first_start_main(main, argc, argv, init, fini, loader_fini, stack_end);
}
