// Runs a command in a new session keyring that holds a key, as a login of root's may: what gets at the key is of that
// session.
#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **command)
{
    static const char secret[] = "of-root";
    if (count < 2)
        return 2;
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0) {
        perror("keyctl");
        return 3;
    }
    if (syscall(SYS_add_key, "user", "portreserve-secret", secret, sizeof secret - 1, KEY_SPEC_SESSION_KEYRING) < 0) {
        perror("add_key");
        return 3;
    }
    execvp(command[1], command + 1);
    perror(command[1]);
    return 127;
}
