// A library whose load-time code needs a function that is nowhere.
extern int nosuch(void);

__attribute__((constructor)) static void call(void)
{
    nosuch();
}
