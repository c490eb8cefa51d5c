// A control: two threads that count without telling each other. ThreadSanitizer must say so.
#include <pthread.h>
#include <stddef.h>

static int count;

static void *count_on(void *unused)
{
    (void)unused;
    for (int i = 0; i < 100000; i++)
        count++;
    return NULL;
}

int main(void)
{
    pthread_t threads[2];

    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, count_on, NULL) != 0)
            return 1;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
