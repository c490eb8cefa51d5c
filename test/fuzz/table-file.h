// What is done to the table's file between the shim's calls: what the manager does, and what nobody should.
#ifndef PR_FUZZ_TABLE_FILE_H
#define PR_FUZZ_TABLE_FILE_H

#include "../../native/table/table.h"
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// A table of up to three ranges, as the input says. Returns its bits.
static struct pr_table_bits write_table(struct input *input, const char *path)
{
    static struct pr_table_entry entries[3 * 512];
    const unsigned char digest[PR_TABLE_DIGEST_SIZE] = {0};
    struct pr_table table;
    size_t count = 0;

    for (unsigned ranges = next_byte(input) % 4; ranges > 0; ranges--) {
        const unsigned first = PR_PORT_LOW + 2 * next_byte(input), length = 1 + 2 * next_byte(input);
        const unsigned protocols = 1 + next_byte(input) % 3;

        for (unsigned port = first; port < first + length && port <= PR_PORT_END; port++)
            entries[count++] = (struct pr_table_entry){(uint16_t)port, (uint16_t)protocols};
    }
    HOLDS(pr_table_build(entries, count, 1, digest, &table) == 0);
    const int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
    HOLDS(write(fd, &table, sizeof table) == sizeof table);
    close(fd);
    return table.bits;
}

// Writes the first bytes of the mark: all 24, unless the writer dies.
static void retire(size_t bytes)
{
    const int fd = open(PR_TABLE_PATH, O_WRONLY | O_NONBLOCK); // it may be a FIFO by now

    if (fd < 0)
        return;
    (void)!pwrite(fd, &pr_table_no_longer, bytes, offsetof(struct pr_table, mark));
    close(fd);
}

// As the manager does it: the new file is complete, the old one marked, then the name changes hands.
static void replace_table(struct input *input, struct pr_table_bits *newest)
{
    const struct pr_table_bits bits = write_table(input, "next.table");

    retire(sizeof pr_table_no_longer);
    if (rename("next.table", PR_TABLE_PATH) != 0) // onto a folder
        return;
    *newest = bits;
}

static void uninstall(struct pr_table_bits *newest)
{
    retire(sizeof pr_table_no_longer);
    unlink(PR_TABLE_PATH);
    memset(newest, 0, sizeof *newest);
}

static void clear_name(void)
{
    unlink(PR_TABLE_PATH);
    rmdir(PR_TABLE_PATH);
}

static void write_in_place(struct input *input)
{
    const int fd = open(PR_TABLE_PATH, O_CREAT | O_WRONLY | O_NONBLOCK, 0644);
    const unsigned offset = next_byte(input) * 16 + next_byte(input) % 64, length = next_byte(input) % 40;
    unsigned char bytes[40];

    for (unsigned i = 0; i < length; i++)
        bytes[i] = (unsigned char)next_byte(input);
    if (fd >= 0) {
        (void)!pwrite(fd, bytes, length, offset);
        close(fd);
    }
}

// What no writer of ours does to the file.
static void damage(struct input *input)
{
    switch (next_byte(input) % 8) {
    case 0:
        (void)!truncate(PR_TABLE_PATH, (off_t)(next_byte(input) * 17));
        break;
    case 1:
        write_in_place(input);
        break;
    case 2:
        clear_name();
        mkdir(PR_TABLE_PATH, 0755);
        break;
    case 3:
        clear_name();
        mkfifo(PR_TABLE_PATH, 0644);
        break;
    case 4:
        clear_name();
        (void)!symlink(PR_TABLE_PATH, PR_TABLE_PATH);
        break;
    case 5:
        clear_name();
        write_table(input, PR_TABLE_PATH);
        break;
    case 6:
        clear_name();
        (void)!symlink("/dev/zero", PR_TABLE_PATH);
        break;
    default:
        clear_name();
        write_in_place(input);
    }
}

#endif
