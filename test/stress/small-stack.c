// small-stack SYMBOL HOW BYTES: one call on a stack of so many bytes, of a "thread", a "signal" (an alternate one) or a
// "fiber" (makecontext()), with an unreadable page below. Prints what the call gave and how deep the stack was used.
// HOW "overflow" uses more than there is, to show that the page below would be felt.
#include "take.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { PAINT = 0x5a, GUARD = 65536 };

static const char *symbol;
static int result;
static size_t size;

static void call(int signal)
{
    (void)signal;
    result = take(symbol);
}

static void *call_in_thread(void *unused)
{
    call(0);
    return unused;
}

static void *use_too_much(void *unused)
{
    volatile char room[32768];

    for (size_t i = sizeof room; i-- > 0;)
        room[i] = PAINT;
    return unused;
}

static void run_thread(char *stack, void *(*work)(void *))
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    if (pthread_attr_setstack(&attributes, stack, size) != 0 || pthread_create(&thread, &attributes, work, NULL) != 0) {
        perror("no thread with such a stack");
        exit(9);
    }
    pthread_join(thread, NULL);
}

static void run_handler(char *stack)
{
    const stack_t alternate = {.ss_sp = stack, .ss_size = size};
    const struct sigaction action = {.sa_handler = call, .sa_flags = SA_ONSTACK};

    if (sigaltstack(&alternate, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0) {
        perror("no such signal stack");
        exit(9);
    }
    raise(SIGUSR1);
}

static void run_fiber(char *stack)
{
    static ucontext_t fiber, back;

    getcontext(&fiber);
    fiber.uc_stack.ss_sp = stack;
    fiber.uc_stack.ss_size = size;
    fiber.uc_link = &back;
    makecontext(&fiber, (void (*)(void))call, 1, 0);
    swapcontext(&back, &fiber);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 9;
    symbol = argv[1];
    size = (size_t)atoi(argv[3]);
    char *memory = mmap(NULL, GUARD + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *stack = memory + GUARD;
    size_t untouched = 0;

    mprotect(memory, GUARD, PROT_NONE);
    memset(stack, PAINT, size);
    if (strcmp(argv[2], "signal") == 0)
        run_handler(stack);
    else if (strcmp(argv[2], "fiber") == 0)
        run_fiber(stack);
    else
        run_thread(stack, strcmp(argv[2], "thread") == 0 ? call_in_thread : use_too_much);
    while (untouched < size && stack[untouched] == PAINT)
        untouched++;
    printf("{\"port\":%d,\"errnoChanged\":%ld,\"used\":%zu}\n", result, errno_changed, size - untouched);
    return 0;
}
