// A library that does nothing: what others need, or larger than a page.
#ifndef INTS
#define INTS 1
#endif

extern int content[INTS];
int content[INTS] = {1};
