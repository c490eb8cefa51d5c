// A program with the note that Go's linker writes.
__asm__(".section .note.go.buildid,\"a\",@note\n"
        ".long 4, 4, 4\n"
        ".ascii \"Go\\0\\0abcd\"\n"
        ".text\n");

int main(void)
{
    return 0;
}
