// The two capabilities that the holder needs: CAP_NET_BIND_SERVICE for privileged ports, and CAP_NET_ADMIN to hold a
// port whose owner listens already. All others are given up, for this process and whatever it might start.
#include "hold.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(capability) ((uint32_t)1 << (capability))

int pr_hold_drop(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2];
    const uint32_t needed = BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_NET_ADMIN);

    if (syscall(SYS_capget, &header, data) != 0) {
        pr_say("error: cannot read this process's capabilities: ", pr_error_name(errno), NULL);
        return -1;
    }
    if (!(data[0].effective & BIT(CAP_NET_BIND_SERVICE))) {
        pr_say("error: this needs CAP_NET_BIND_SERVICE, so nothing is held: run it as root, or as the service "
               "'portreserve-hold'",
               NULL);
        return -1;
    }
    // Both fail where there is nothing to give up.
    for (unsigned long capability = 0; capability < 64; capability++)
        if (capability > 31 || !(needed & BIT(capability)))
            (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    data[0].effective &= needed;
    data[0].permitted &= needed;
    data[0].inheritable = 0;
    data[1] = (struct __user_cap_data_struct){.effective = 0, .permitted = 0, .inheritable = 0};
    if (syscall(SYS_capset, &header, data) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        return 0;
    pr_say("error: cannot give up capabilities: ", pr_error_name(errno), NULL);
    return -1;
}
