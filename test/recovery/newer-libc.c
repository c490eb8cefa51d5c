// Stands for the C library of a newer system: only to link newer.c against.
extern int newfunction(void);

int newfunction(void)
{
    return 0;
}
