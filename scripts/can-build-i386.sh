#!/bin/sh
# Prints 1 where the C compiler can link 32-bit x86 programs (on Debian: gcc-multilib), 0 elsewhere. For binding.gyp.
set -u
case $(uname -m) in
x86_64) ;;
*)
    echo 0
    exit
    ;;
esac
if printf '#include <sys/socket.h>\nint main(void) { return 0; }\n' |
    ${CC:-cc} -m32 -x c - -o /dev/null 2>/dev/null; then
    echo 1
else
    echo 0
fi
