// A library with a thread-local variable that it addresses directly, and so takes of the little room there is for
// these.
__thread char block[64];

char *own_block(void)
{
    return block;
}
