// System calls that the shim makes itself: libc's syscall() is one more name that others put theirs before, and one
// that does not know a call's number would keep the shim from its table. Where they fail they return -errno. None is a
// cancellation point. On other processors than these three it is libc's syscall() all the same.
#ifndef PR_SYSTEM_CALL_H
#define PR_SYSTEM_CALL_H

#include <sys/syscall.h>

#if defined __x86_64__ && defined __LP64__

static inline long pr_call3(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile("syscall" : "=a"(result) : "0"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

// The sixth argument is 0.
static inline long pr_call5(long number, long a, long b, long c, long d, long e)
{
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    register long sixth __asm__("r9") = 0;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined __i386__

static inline long pr_call3(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c) : "memory", "cc");
    return result;
}

// The sixth argument, 0, has its place in the frame pointer, which a compiler may not let anybody else have.
static inline long pr_call5(long number, long a, long b, long c, long d, long e)
{
    long result;

    __asm__ volatile("push %%ebp\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "int $0x80\n\t"
                     "pop %%ebp"
                     : "=a"(result)
                     : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory", "cc");
    return result;
}

#elif defined __aarch64__ && defined __LP64__

static inline long pr_call3(long number, long a, long b, long c)
{
    register long which __asm__("x8") = number;
    register long first __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;

    __asm__ volatile("svc #0" : "+r"(first) : "r"(which), "r"(second), "r"(third) : "memory", "cc");
    return first;
}

// The sixth argument is 0.
static inline long pr_call5(long number, long a, long b, long c, long d, long e)
{
    register long which __asm__("x8") = number;
    register long first __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;
    register long fourth __asm__("x3") = d;
    register long fifth __asm__("x4") = e;
    register long sixth __asm__("x5") = 0;

    __asm__ volatile("svc #0"
                     : "+r"(first)
                     : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "memory", "cc");
    return first;
}

#else

#include <errno.h>
#include <unistd.h>

static inline long pr_call5(long number, long a, long b, long c, long d, long e)
{
    const long result = syscall(number, a, b, c, d, e, 0L);

    return result == -1 ? -(long)errno : result;
}

static inline long pr_call3(long number, long a, long b, long c)
{
    return pr_call5(number, a, b, c, 0, 0);
}

#endif

// Whether it is the result of a call that failed.
static inline int pr_failed(long result)
{
    return (unsigned long)result > -4096UL;
}

#endif
