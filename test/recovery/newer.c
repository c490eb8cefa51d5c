// A library that was built for a newer system.
extern int newfunction(void);
extern int use(void);

int use(void)
{
    return newfunction();
}
