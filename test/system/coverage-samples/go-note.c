// A program with the note that Go's linker writes, and with a table of functions that has the name FUNCTION.
__asm__(".section .note.go.buildid,\"a\",@note\n"
        ".long 4, 4, 4\n"
        ".ascii \"Go\\0\\0abcd\"\n"
        ".text\n");

#ifdef FUNCTION
#define TEXT(name) #name
#define TEXT_OF(name) TEXT(name)
__asm__(".section .gopclntab,\"a\",@progbits\n"
        ".ascii \"main.main\\0" TEXT_OF(FUNCTION) "\\0\"\n"
                                                  ".text\n");
#endif

int main(void)
{
    return 0;
}
