// reentry SYMBOL HANDLER PROCESSES STRIDE LOW-HIGH: a call that a signal interrupts at any of its instructions.
//
// One process makes the call, another steps it through, instruction by instruction, and sends it the signal. HANDLER is
// "call", which makes a call of its own, or "leave", which does so too and then leaves the interrupted one with
// siglongjmp(). With "call", process 1 is interrupted at its first instruction and at every STRIDEth from there,
// process 2 from its second on, and so on; with "leave", once each, STRIDE instructions later than the one before,
// until a call is over too early. Where the call holds the signal back, every other process gets it all the same, and
// is left to itself then; the others go on without. Prints how many signals came, at how many instructions they were
// held back, and how many processes hung (it gives up at four), died, failed, got a reserved port and had a descriptor
// left open.
#include "take.h"
#include "watch.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RESERVED = 1, FAILED = 2, CHANGED = 3, LEFT_OPEN = 4, RESULTS, AFTER = 3 };

static const char *symbol;
static bool leaves;
static sigjmp_buf before;
static volatile sig_atomic_t worst; // what the handler's calls gave: 0, RESERVED or FAILED

static int judged(int port)
{
    return port < 0 ? FAILED : is_reserved(port) ? RESERVED : 0;
}

static void on_signal(int signal)
{
    const int saved = errno;
    const int result = judged(take(symbol));

    (void)signal;
    if (result != 0)
        worst = result;
    errno = saved;
    if (leaves)
        siglongjmp(before, 1);
    syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR2); // the handler is over
}

static void mark(void)
{
    syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR2);
}

// How many of the first descriptors are open: few, for all of this may be stepped through.
static int low_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 32; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

static void be_traced(void)
{
    const struct sigaction action = {.sa_handler = on_signal};
    const int own_socket = socket(AF_INET, SOCK_DGRAM, 0);
    const int descriptors = low_descriptors();
    volatile int result = 0;

    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    sigaction(SIGUSR1, &action, NULL);
    signal(SIGUSR2, SIG_IGN);
    errno_changed = 0;
    if (sigsetjmp(before, 1) == 0) {
        mark();
        result = judged(take_with(symbol, own_socket));
    }
    mark();
    // Whatever the call has left behind, later ones must not suffer from it.
    for (int i = 0; i < AFTER && result == 0; i++)
        result = judged(take(symbol));
    if (result == 0)
        result = worst;
    if (result == 0 && low_descriptors() != descriptors)
        result = LEFT_OPEN;
    _exit(result ? result : errno_changed ? CHANGED : 0);
}

// The program counter and the stack pointer.
static void where(pid_t pid, unsigned long ret[2])
{
    struct user_regs_struct registers;
    struct iovec room = {.iov_base = &registers, .iov_len = sizeof registers};

    ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &room);
#ifdef __x86_64__
    ret[0] = registers.rip;
    ret[1] = registers.rsp;
#else
    ret[0] = registers.pc;
    ret[1] = registers.sp;
#endif
}

static bool holds_back(pid_t pid, int signal)
{
    unsigned long long blocked = 0;

    ptrace(PTRACE_GETSIGMASK, pid, (void *)sizeof blocked, &blocked);
    return blocked >> (signal - 1) & 1;
}

// Until it stops, ends or hangs: the signal it stopped at, or -1, with *status as waitpid() has it (-1: it hangs).
static int resume(pid_t pid, int how, int signal, int *status)
{
    ptrace(how, pid, NULL, (void *)(long)signal);
    // A step is over at once; only where the process runs freely it can hang.
    if (how == PTRACE_SINGLESTEP) {
        waitpid(pid, status, 0);
    } else {
        int ended = 0;

        for (int waited = 0; ended == 0 && waited < LIMIT; waited++) {
            ended = waitpid(pid, status, WNOHANG);
            if (ended == 0 && waited > 100 && waits_for_itself(pid))
                break;
            if (ended == 0)
                poll(NULL, 0, waited > 100);
        }
        if (ended == 0) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            *status = -1;
            return -1;
        }
    }
    return WIFSTOPPED(*status) ? WSTOPSIG(*status) : -1;
}

// Steps one process through its call, interrupting it after `offset` instructions, and then after every `stride`.
// Returns its wait status, or -1 where it hung.
static int step_through(int offset, int stride, bool insist, long *ret_signals, long *ret_held)
{
    int status = 0, stopped;
    const pid_t pid = fork();

    if (pid == 0)
        be_traced();
    waitpid(pid, &status, 0);
    for (int left = offset;; left--) {
        if (left > 0) {
            stopped = resume(pid, PTRACE_SINGLESTEP, 0, &status);
            if (stopped == SIGUSR2) // the call is over
                break;
            if (stopped != SIGTRAP)
                return status;
            continue;
        }
        unsigned long was[2], is[2];
        const bool held = holds_back(pid, SIGUSR1);

        *ret_held += held;
        if (held && !insist) {
            left = stride + 1;
            continue;
        }
        where(pid, was);
        ++*ret_signals;
        stopped = resume(pid, PTRACE_CONT, SIGUSR1, &status);
        if (held && stopped == SIGUSR1) // it was put back, and is no longer held now
            stopped = resume(pid, PTRACE_CONT, SIGUSR1, &status);
        if (stopped != SIGUSR2)
            return status;
        if (leaves || held)
            break;
        do { // out of the handler, back to where it was
            stopped = resume(pid, PTRACE_SINGLESTEP, 0, &status);
            if (stopped != SIGTRAP && stopped != SIGUSR2) // the mark at the call's end came first, now the handler's
                return status;
            where(pid, is);
        } while (is[0] != was[0] || is[1] != was[1]);
        left = stride;
    }
    while (resume(pid, PTRACE_CONT, 0, &status) == SIGUSR2)
        continue;
    return status;
}

int main(int argc, char **argv)
{
    long signals = 0, held = 0;
    int hung = 0, died = 0, counts[RESULTS] = {0};

    if (argc != 6)
        return 9;
    symbol = argv[1];
    leaves = strcmp(argv[2], "leave") == 0;
    const int processes = atoi(argv[3]), stride = atoi(argv[4]);
    parse_reserved(argv[5]);
    if (take(symbol) < 0)
        return 9;
    for (int i = 0; i < processes && hung < 4; i++) {
        const long so_far = signals + held;
        const int status = step_through(1 + (leaves ? i * stride : i), stride, i % 2 != 0, &signals, &held);

        if (status == -1)
            hung++;
        else if (!WIFEXITED(status))
            died++;
        else
            counts[WEXITSTATUS(status)]++;
        if (signals + held == so_far)
            break;
    }
    printf("{\"signals\":%ld,\"held\":%ld,\"hung\":%d,\"died\":%d,\"failed\":%d,\"reserved\":%d,\"errnoChanged\":%d,"
           "\"leftOpen\":%d}\n",
           signals, held, hung, died, counts[FAILED], counts[RESERVED], counts[CHANGED], counts[LEFT_OPEN]);
    return 0;
}
