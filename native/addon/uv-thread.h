// Threads by libuv, which every Node has, with or without its header: pthread_create() is one of a newer glibc's.
#ifndef PR_UV_THREAD_H
#define PR_UV_THREAD_H

#include <pthread.h>

extern "C" {
// 0, or the negative of an errno value.
int uv_thread_create(pthread_t *thread, void (*entry)(void *), void *argument);
int uv_thread_join(pthread_t *thread);
}

#endif
