// A control: counts beyond INT_MAX. UndefinedBehaviorSanitizer must say so.
#include <limits.h>

int main(int argc, char **argv)
{
    (void)argv;
    return (INT_MAX + argc) == 0;
}
