// All that is held: what a list changes, and what is tried again. New ports are taken before old ones are let go, and
// what is in both lists keeps its sockets.
#include "hold.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct pr_hold_holds sets[2];
static struct pr_hold_holds *current = &sets[0], *former = &sets[1];

static const struct pr_hold_slot empty = {.fd = -1, .error = 0, .state = PR_REFUSED, .is_stored = false};

static void let_go(struct pr_hold_held *held)
{
    for (int family = 0; family < PR_FAMILIES; family++) {
        // Also one that is not known to be stored: it may have been handed over.
        if (held->slots[family].fd >= 0) {
            pr_hold_take_back(&held->entry, family);
            close(held->slots[family].fd);
        }
        held->slots[family] = empty;
    }
}

// For ever: the kernel has no such option, and will not get it.
static bool hopeless(const struct pr_hold_slot *slot)
{
    return slot->error == ENOPROTOOPT;
}

static bool waits(const struct pr_hold_held *held)
{
    for (int family = 0; family < PR_FAMILIES; family++)
        if (held->slots[family].state == PR_REFUSED && !hopeless(&held->slots[family]))
            return true;
    return false;
}

static void say(const struct pr_hold_held *held)
{
    static const char *const families[] = {" over IPv4", " over IPv6"};
    struct pr_text port = {.fd = -1, .failed = false, .length = 0};

    pr_text_number(&port, held->entry.port);
    pr_text_bytes(&port, "", 1);
    for (int family = 0; family < PR_FAMILIES; family++) {
        const struct pr_hold_slot *const slot = &held->slots[family];
        const char *const protocol = held->entry.protocol == PR_TCP ? "tcp " : "udp ";

        if (slot->state != PR_REFUSED)
            pr_say(protocol, port.bytes, slot->state == PR_ABSENT ? " is not needed" : " is held", families[family],
                   NULL);
        else if (hopeless(slot))
            pr_say("error: ", protocol, port.bytes, " is refused", families[family],
                   ": this kernel has no SO_BINDTOIFINDEX (Linux 5.7 has it), so UDP ports can be blocked only", NULL);
        else
            pr_say("error: ", protocol, port.bytes, " is refused", families[family], " (", pr_error_name(slot->error),
                   "): trying again every two seconds", NULL);
    }
}

static void take(struct pr_hold_held *held)
{
    bool refused = false;

    for (int family = 0; family < PR_FAMILIES; family++) {
        if (held->slots[family].state == PR_REFUSED)
            pr_hold_take(&held->entry, family, &held->slots[family]);
        refused |= held->slots[family].state == PR_REFUSED;
    }
    if (refused)
        say(held);
}

// Moves the sockets of an entry that was there before. A hold becomes a block by closing the one and binding the other,
// since the kernel remembers of a port that all its sockets had the flag; whoever binds between these two has the port,
// and the block is refused. The other way there is no such moment.
static void carry(struct pr_hold_held *from, struct pr_hold_held *to)
{
    if (from->entry.kind == to->entry.kind) {
        to->slots[0] = from->slots[0];
        to->slots[1] = from->slots[1];
    } else {
        const bool shared = to->entry.kind == PR_HOLD && pr_hold_share(&to->entry, &from->slots[0]) == 0 &&
                            pr_hold_share(&to->entry, &from->slots[1]) == 0;

        if (!shared) {
            let_go(from);
            pr_hold_settle();
        }
        for (int family = 0; family < PR_FAMILIES; family++)
            to->slots[family] = from->slots[family];
        if (!shared || waits(to))
            take(to);
    }
    for (int family = 0; family < PR_FAMILIES; family++)
        from->slots[family] = empty;
}

const struct pr_hold_holds *pr_hold_load(const struct pr_hold_list *list)
{
    struct pr_hold_holds *const next = former;
    size_t old = 0;

    former = current;
    current = next;
    pr_hold_look_again();
    for (next->count = 0; next->count < list->count; next->count++) {
        struct pr_hold_held *const held = &next->held[next->count];

        *held = (struct pr_hold_held){.entry = list->entries[next->count], .slots = {empty, empty}};
        while (old < former->count && pr_hold_compare(&former->held[old].entry, &held->entry) < 0)
            old++;
        if (old < former->count && pr_hold_compare(&former->held[old].entry, &held->entry) == 0)
            carry(&former->held[old], held);
        else
            take(held);
    }
    return current;
}

bool pr_hold_let_go(void)
{
    bool any = false;

    for (size_t i = 0; i < former->count; i++) {
        for (int family = 0; family < PR_FAMILIES; family++)
            any |= former->held[i].slots[family].fd >= 0;
        let_go(&former->held[i]);
    }
    former->count = 0;
    pr_hold_settle();
    return any;
}

const char *pr_hold_adopt(const struct pr_hold_entry *entry, int family, int fd)
{
    size_t at = current->count;

    while (at > 0 && pr_hold_compare(&current->held[at - 1].entry, entry) > 0)
        at--;
    struct pr_hold_held *held = at > 0 ? &current->held[at - 1] : NULL;
    if (!held || pr_hold_compare(&held->entry, entry) != 0) {
        if (current->count == PR_HOLD_ENTRIES)
            return "there are more than 2048 ports";
        held = &current->held[at];
        memmove(held + 1, held, (current->count++ - at) * sizeof *held);
        *held = (struct pr_hold_held){.entry = *entry, .slots = {empty, empty}};
    }
    if (held->slots[family].fd >= 0)
        return "the port is there twice";
    if (held->entry.kind != entry->kind)
        held->entry.kind = PR_MIXED;
    held->slots[family] = (struct pr_hold_slot){.fd = fd,
                                                .error = 0,
                                                .state = PR_HELD,
                                                .is_stored = true,
                                                .is_nowhere = entry->protocol == PR_UDP && entry->kind != PR_BLOCK};
    return NULL;
}

const struct pr_hold_holds *pr_hold_adopted(void)
{
    pr_hold_look_again();
    for (size_t i = 0; i < current->count; i++) {
        struct pr_hold_held *const held = &current->held[i];

        // A hold may be one behind a thief; a block is one that nobody can be beside.
        for (int family = 0; family < PR_FAMILIES; family++)
            if (held->entry.kind == PR_HOLD || held->slots[family].fd < 0)
                pr_hold_take(&held->entry, family, &held->slots[family]);
    }
    return current->count > 0 ? current : NULL;
}

void pr_hold_store(size_t most)
{
    static bool has_said;
    size_t stored = 0;
    bool too_many = false;

    for (size_t i = 0; i < current->count; i++)
        for (int family = 0; family < PR_FAMILIES; family++)
            stored += current->held[i].slots[family].is_stored;
    for (size_t i = 0; i < current->count; i++)
        for (int family = 0; family < PR_FAMILIES; family++) {
            struct pr_hold_slot *const slot = &current->held[i].slots[family];

            if (slot->fd < 0 || slot->is_stored)
                continue;
            too_many |= stored >= most;
            slot->is_stored = stored < most && pr_hold_give(&current->held[i].entry, family, slot->fd);
            stored += slot->is_stored;
        }
    if (too_many && most > 0 && !has_said)
        pr_say("error: this process may have too few descriptors for the service manager to hand over all sockets at "
               "its next start, so some of them are not stored: the service needs LimitNOFILE=16384",
               NULL);
    has_said = too_many;
}

void pr_hold_give_again(void)
{
    for (size_t i = 0; i < current->count; i++)
        for (int family = 0; family < PR_FAMILIES; family++)
            current->held[i].slots[family].is_stored = false;
}

bool pr_hold_retry(void)
{
    bool changed = false;

    pr_hold_look_again();
    for (size_t i = 0; i < current->count; i++) {
        struct pr_hold_held *const held = &current->held[i];
        bool different = false;

        for (int family = 0; family < PR_FAMILIES && waits(held); family++) {
            struct pr_hold_slot *const slot = &held->slots[family];
            const struct pr_hold_slot before = *slot;

            if (before.state != PR_REFUSED || hopeless(&before))
                continue;
            pr_hold_take(&held->entry, family, slot);
            different |=
                slot->state != before.state || slot->error != before.error || (slot->fd < 0) != (before.fd < 0);
        }
        if (different)
            say(held);
        changed |= different;
    }
    return changed;
}

bool pr_hold_waits(void)
{
    for (size_t i = 0; i < current->count; i++)
        if (waits(&current->held[i]))
            return true;
    return false;
}
