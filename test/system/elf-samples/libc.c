// Stands in for a libc.so.6 when a sample is linked, so that the sample asks for versions of our choice.
int bind(void);
int portreserve_test_absent(void);

int bind(void)
{
    return 0;
}

#ifdef HIDDEN
// Only what was linked before this version became old still finds it.
int portreserve_test_old(void);
int portreserve_test_old(void)
{
    return 0;
}
__asm__(".symver portreserve_test_old, portreserve_test_absent@" HIDDEN);
#else
int portreserve_test_absent(void)
{
    return 0;
}
#endif
