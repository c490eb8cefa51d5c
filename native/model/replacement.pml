/* How the table is replaced under running programs, for spin, which tries every order of every step.

   README.md beside this file says what each part stands for in the source, what is left out, and how it is run.

   In short. A table is two words; both hold the number of the version, so that a mixture shows. The manager writes a
   new file, marks the old one retired, and renames. It may be killed before each step, and another compile follows.
   A program keeps the words that it read and has their file mapped. A call goes by what is kept for as long as the
   kernel finds the mark in force, and otherwise reads the file that has the name. Three threads in two programs call
   all the time.

   What must hold has a name, and is checked by must(). Each macro that begins with BREAK_ leaves out, or turns round,
   one thing that the code does; LIMIT_ lets in one thing that portreserve.table(5) says is not caught. */

#ifndef TURNS
#define TURNS 3 /* verbs one after the other, each of which may be killed, fail or succeed */
#endif
#ifndef THREADS
#define THREADS 3
#endif
#ifndef SECOND
#define SECOND 0 /* the program that the second thread is in */
#endif
#define FILES (TURNS + 1)
#define NONE FILES /* no file */

/* ---- what must hold ------------------------------------------------------------------------------------------- */

#define MIXTURE 1  /* an invariant: the words that a call goes by are those of one table */
#define LATER 2    /* an invariant: it is no older than the last one whose compile had ended when the call began */
#define REPAIR 3   /* an invariant: nor older than what had the name then, be the compile killed; nor none; nor a half */
#define AT_ONCE 4  /* an invariant: bind() with the mark binds by the table that has the name at that moment */
#define RIGHT 5    /* an invariant: when a compile ends, the name leads to a whole table in force; no leftovers */
#define PER_PORT 6 /* an invariant: each port is judged by some table, where MIXTURE is not promised */
#define HEALED 7   /* not an invariant: no call goes by what a compile after a killed one has left. It has to fail */

#ifdef ONLY
#define must(what, condition) assert(what != ONLY || (condition))
#else
#define must(what, condition) assert(what >= PER_PORT || (condition))
#endif

/* Something that has to occur, or the model would prove nothing: the run fails if it was never reached. */
#define occurs(what) printf(what)

/* ---- files ---------------------------------------------------------------------------------------------------- */

#define AF_INET 2   /* the mark's family: in force */
#define RETIRED 3   /* all ones: bind() refuses it */
#define AF_UNSPEC 0 /* zeros, by a foreign hand: bind() takes it for AF_INET */

typedef inode {
    byte word[2];  /* the bits, as the number of their version; 0: not written */
    bool in_force; /* the mark for futex() */
    byte family;   /* the mark for bind() */
    bool gone;     /* truncated: there is no page to look at */
    bool synced    /* the words survive a power cut */
};
inode file[FILES];
byte free_file = 1;
byte name;       /* the file that has the table's name: first file 0, with version 1 */
bool leftover;   /* a temporary file lies beside it */
byte last = 1;   /* the number of the newest version */

/* Kept only to state what must hold: versions, of which no table is one too. */
byte named = 1;     /* what the name leads to */
byte completed = 1; /* what the last compile that ended has left */
#if defined ONLY && ONLY == HEALED
bool killed_once;
#define note_the_kill() killed_once = true; completed = 1
#else
#define killed_once false
#define note_the_kill() skip
#endif

#ifdef POWER
/* What survives the power cut. Programs start after it: those before it change nothing on the disk. */
byte disk_name, disk_named = 1;
bool cut;
#endif

/* ---- programs ------------------------------------------------------------------------------------------------- */

typedef memory {
    byte cached[2]; /* the words read last; 0: none yet */
    byte pages;   /* the file that is mapped, or NONE */
    bool lock;    /* a call owns the two */
    bool refused  /* mapping was refused once */
};
memory program[2];

byte began[THREADS]; /* the oldest version that a thread's call may go by: what was in force when it began */
#if defined ONLY && ONLY == LATER
#define in_force_now completed
#else
#define in_force_now named /* never older than `completed`, which the manager checks */
#endif

/* ---- the manager ---------------------------------------------------------------------------------------------- */

/* Does one step, or is killed before it. */
#ifdef POWER
#define step(action) if :: atomic { action } :: goto killed :: !cut -> goto power_cut fi
#else
#define step(action) if :: atomic { action } :: goto killed fi
#endif

/* rename() and unlink(): a power cut may undo them until the folder is flushed. */
#ifdef POWER
#define gives_name(to, version) name = to; named = version; if :: disk_name = name; disk_named = named :: skip fi
#define flush_folder() disk_name = name; disk_named = named
#else
#define gives_name(to, version) name = to; named = version
#define flush_folder() skip
#endif

#define is_valid(f) (!file[f].gone && file[f].word[0] == file[f].word[1] && file[f].word[0] != 0 && file[f].family != 0)
#define is_in_force(f) (file[f].in_force && file[f].family == AF_INET)
#ifdef BREAK_MARK_NOT_ASKED
#define in_force_asked(f) true
#else
#define in_force_asked(f) is_in_force(f)
#endif

#ifdef BREAK_NO_CHECKSUM
#define looks_valid(f, w0, w1) (!file[f].gone)
#else
#define looks_valid(f, w0, w1) (w0 == w1 && w0 != 0 && !file[f].gone && file[f].family != AF_UNSPEC)
#endif

/* retireTable(): one write of 24 bytes, in two steps, since a reader may look in between. It makes a short file long. */
inline retire()
{
    if
    :: atomic { name != NONE ->
            was_in_force = file[name].in_force; was_family = file[name].family; was_gone = file[name].gone };
        step(file[name].in_force = false);
        step(file[name].family = RETIRED; file[name].gone = false)
    :: else
    fi
}

/* What retireTable() returns, called where the rename fails. */
inline take_back()
{
    if
    :: name != NONE ->
        step(file[name].in_force = was_in_force);
        step(file[name].family = was_family; file[name].gone = was_gone)
    :: else
    fi
}

proctype manager()
{
    byte turn, temp, wanted, was_family;
    bool was_in_force, was_gone, newer, remove;

next:
    atomic {
        /* A version and a file that nobody saw are used again, which saves states. */
        if
        :: temp != 0 && temp != name -> free_file--; file[temp].word[0] = 0; file[temp].word[1] = 0;
            file[temp].in_force = false; file[temp].family = 0; file[temp].synced = false
        :: else
        fi;
        if :: newer && wanted > named -> last-- :: else fi;
        temp = 0; wanted = 0; was_family = 0; was_in_force = false; was_gone = false; newer = false; remove = false;
        if
        :: turn == TURNS -> goto end_all
        :: else -> turn++
        fi
    };

    /* A configuration that has changed, one that the table already has, or an uninstall. */
    if
    :: atomic { last++; wanted = last; newer = true }
    :: atomic { name != NONE && is_valid(name) -> wanted = file[name].word[0] }
    :: atomic { name != NONE -> last++; wanted = last; newer = true; remove = true }
#if defined FOREIGN || defined LIMIT_FOREIGN_RENAME || defined LIMIT_FOREIGN_COPY
    :: name != NONE -> goto foreign
#endif
    fi;

    step(leftover = false); /* removeTableLeftovers() */

    /* planTable(): nothing to write. */
    if
    :: !remove && name != NONE && is_valid(name) && file[name].word[0] == wanted && in_force_asked(name) -> occurs("unchanged\n");
#ifndef BREAK_UNCHANGED_NOT_FLUSHED
        step(flush_folder());
#endif
        goto done
    :: else
    fi;

    if
    :: remove -> /* removeTable() */
        retire();
        step(gives_name(NONE, wanted));
        step(flush_folder());
        goto done
    :: else
    fi;

#ifdef BREAK_IN_PLACE
    if
    :: name != NONE ->
        retire();
        step(file[name].word[0] = wanted);
        step(file[name].word[1] = wanted; named = wanted);
        step(file[name].in_force = true);
        step(file[name].family = AF_INET);
        goto done
    :: else
    fi;
#endif

    /* writeTable(), stageFile(). */
    step(temp = free_file; free_file++; leftover = true; file[temp].in_force = true; file[temp].family = AF_INET);
    step(file[temp].word[0] = wanted);
    step(file[temp].word[1] = wanted);
#ifndef BREAK_NO_FSYNC
    step(file[temp].synced = true);
#endif

    /* commit(). */
#ifdef BREAK_MARK_AFTER_RENAME
    byte before = name;
    step(gives_name(temp, wanted); leftover = false);
    if
    :: before != NONE ->
        step(file[before].in_force = false);
        step(file[before].family = RETIRED)
    :: else
    fi;
#else
#ifndef BREAK_NO_MARK
    retire();
#endif
    if
    :: step(gives_name(temp, wanted); leftover = false)
#ifndef BREAK_NO_MARK
    :: occurs("the rename fails\n");
        take_back();
        step(leftover = false);
        goto next
#endif
    fi;
#endif
#ifndef BREAK_FOLDER_NOT_FLUSHED
    step(flush_folder());
#endif

done:
    atomic {
        must(RIGHT, !leftover && named == wanted && completed <= named);
        if
        :: remove -> must(RIGHT, name == NONE)
        :: else -> must(RIGHT, file[name].word[0] == wanted && file[name].word[1] == wanted && is_in_force(name))
        fi;
        completed = wanted
    };
    goto next;

killed:
    atomic { occurs("killed\n"); note_the_kill() };
    goto next;

#ifdef POWER
power_cut:
    atomic {
        occurs("power cut\n");
        name = disk_name;
        named = disk_named;
        temp = 0;
        /* What was not flushed is there or not, each word for itself; and the mark never is flushed. */
        do
        :: temp < FILES ->
            if :: !file[temp].synced && temp > 0 -> file[temp].word[0] = 0 :: skip fi;
            if :: !file[temp].synced && temp > 0 -> file[temp].word[1] = 0 :: skip fi;
            temp++
        :: else -> break
        od;
        if
        :: name != NONE ->
            if :: file[name].in_force = true :: file[name].in_force = false fi;
            if :: file[name].family = AF_INET :: file[name].family = RETIRED fi
        :: else
        fi;
        temp = 0;
        cut = true
    };
    goto next;
#endif

#if defined FOREIGN || defined LIMIT_FOREIGN_RENAME || defined LIMIT_FOREIGN_COPY
foreign:
    /* Somebody else writes to the file that has the name. Nothing is promised from here to the end of a compile. */
    atomic {
        completed = 0;
        named = 0;
        temp = 0;
        do
        :: temp < THREADS -> began[temp] = 0; temp++
        :: else -> break
        od;
        temp = 0
    };
    if
#ifdef FOREIGN
    :: atomic { file[name].gone = true; file[name].word[0] = 0; file[name].word[1] = 0 };
        occurs("truncated\n")
    :: file[name].word[0] = 0;
        file[name].word[1] = 0;
        file[name].in_force = false;
        file[name].family = AF_UNSPEC;
        occurs("zeroed\n")
    :: file[name].family = RETIRED;
        occurs("mark damaged\n")
#endif
#ifdef LIMIT_FOREIGN_COPY
    :: last++;
        file[name].word[0] = last;
        file[name].word[1] = last;
        occurs("copied over\n")
#endif
#ifdef LIMIT_FOREIGN_RENAME
    :: atomic {
            last++;
            temp = free_file;
            free_file++;
            file[temp].word[0] = last;
            file[temp].word[1] = last;
            file[temp].in_force = true;
            file[temp].family = AF_INET;
            name = temp;
            occurs("renamed over\n")
        }
#endif
    fi;
    goto next;
#endif

end_all:
    skip
}

/* ---- a thread that allocates ---------------------------------------------------------------------------------- */

/* A port is taken, or stepped over, by what was looked at. */
#define judged()                                                                                                       \
    must(MIXTURE, w0 == w1);                                                                                           \
    must(PER_PORT, w0 != 0 && w1 != 0 && w0 <= last && w1 <= last);                                                    \
    must(LATER, w0 >= began[T] && w1 >= began[T]);                                                                     \
    must(REPAIR, w0 >= began[T] && w1 >= began[T] && w0 <= last && w1 <= last);                                        \
    must(HEALED, !(killed_once && completed > 1 && w0 == completed && name != NONE))

#define page file[program[P].pages]

proctype thread(byte T; byte P)
{
    byte f = NONE, w0, w1;
    bool owner, valid, own_bits;
#ifdef CALLS
    byte calls;
    bool second;
#endif
#ifdef POWER
end_without_power_cut:
    cut;
#endif

call:
#ifdef CALLS
    if
    :: calls == CALLS -> goto no_more
    :: else -> calls++
    fi;
#endif
    /* pr_reservations_acquire(): tries a hundred times, so it finds the flag free, or gives up. What the name leads to is
       noted here and not before, which asks for more. */
#if defined BREAK_NOT_OWNED
    atomic { began[T] = in_force_now; owner = true };
#elif defined BREAK_WAITS
    atomic { !program[P].lock -> program[P].lock = true; began[T] = in_force_now; owner = true };
#elif defined BREAK_SPINS
    do
    :: atomic { !program[P].lock -> program[P].lock = true; began[T] = in_force_now; owner = true; break }
    :: program[P].lock
    od;
#else
    if
    :: atomic { !program[P].lock -> program[P].lock = true; began[T] = in_force_now; owner = true }
    :: atomic { program[P].lock -> began[T] = in_force_now }
    fi;
#endif
    if
    :: owner && program[P].pages != NONE -> goto candidate
    :: else
    fi;

read: /* read_table(): goes by the file that has the name now. */
    if
    :: atomic { f = name; if :: name == NONE -> w0 = named; w1 = named :: else fi } /* openat() */
#ifdef LIMIT_NO_DESCRIPTOR
    :: atomic { program[P].cached[1] != 0 -> w0 = program[P].cached[0] }; /* EMFILE, once `has_cached`: what is cached */
        w1 = program[P].cached[1];
        occurs("no descriptor\n");
        own_bits = true;
        goto read_already
#endif
    fi;
    if
    :: f == NONE -> own_bits = true; occurs("there is no table\n") /* `bits` is NULL: the version that is none */
    :: else ->
        w0 = file[f].word[0]; /* read() */
        w1 = file[f].word[1];
        if
        :: looks_valid(f, w0, w1) -> /* pr_table_view() */
            if
            :: owner ->
                atomic { /* copy_bits() */
                    if :: program[P].cached[0] != 0 && program[P].cached[0] < w0 -> occurs("a newer table\n") :: else fi;
                    program[P].cached[0] = w0
                };
                program[P].cached[1] = w1;
#ifdef BREAK_MAPPED_BY_NAME
                f = name;
#endif
                atomic { /* map_table(): MAP_FIXED over the file before */
                    if
                    :: f != NONE && !program[P].refused -> program[P].pages = f
#ifdef REFUSE
                    :: program[P].pages = NONE; program[P].refused = true; occurs("may not map\n")
#endif
                    :: else
                    fi;
                    w0 = 0;
                    w1 = 0;
                    own_bits = false
                }
            :: else -> own_bits = true; occurs("reads for itself\n")
            fi
        :: else -> atomic { w0 = 0; w1 = 0; own_bits = true; occurs("not a table\n") } /* nothing is reserved */
        fi
    fi;
#ifdef LIMIT_NO_DESCRIPTOR
read_already:
#endif
    atomic { f = NONE; valid = true };

candidate: /* is_reserved(): looks at the bits. An owner's are the ones kept. */
    if
    :: own_bits
    :: else -> atomic { w0 = program[P].cached[0]; w1 = program[P].cached[1] }
    fi;
    if
    :: valid -> atomic { judged(); occurs("bind() with a plain address\n") }
#if defined BREAK_NOT_CHECKED
    :: !valid -> atomic { judged() }
#elif defined BREAK_CHECKED_BEFORE
    /* Ask, then bind: what pr_reservations_bind() must not do for IPv4. */
    :: atomic { !valid && page.in_force };
        atomic { judged(); must(AT_ONCE, w0 == named || named == 0) }
    :: atomic { !valid && !page.in_force }; goto read
#else
    /* IPv4, pr_reservations_bind(): one system call looks at the mark and binds. */
    :: atomic { !valid && !page.gone && page.family != RETIRED -> judged(); must(AT_ONCE, w0 == named || named == 0) }
    :: atomic { !valid && (page.gone || page.family == RETIRED) -> w0 = 0; w1 = 0; occurs("bind() refuses\n") };
        goto revalidate
    /* A reserved port to step over, IPv6, another machine: asks once, which holds for the rest of the call. */
    :: atomic { !valid -> w0 = 0; w1 = 0; goto revalidate }
#endif
    fi;
#ifdef CALLS
    if
    :: !second -> second = true; goto candidate
    :: else -> second = false
    fi;
#else
    if
    :: goto candidate /* the port was busy, or reserved */
    :: true
    fi;
#endif
    /* pr_reservations_release(). */
    atomic {
        if
        :: owner -> program[P].lock = false
        :: else
        fi;
        owner = false; valid = false; own_bits = false; w0 = 0; w1 = 0; began[T] = 0
    };
    goto call;

revalidate: /* pr_reservations_revalidate(), in_force(): futex() looks at the page. */
    if
    :: atomic { page.in_force && !page.gone -> valid = true; goto candidate }
    :: atomic { !page.in_force || page.gone -> occurs("futex() refuses\n"); goto read }
    fi;

#ifdef CALLS
no_more:
    skip
#endif
}

init {
    atomic {
        file[0].word[0] = 1;
        file[0].word[1] = 1;
        file[0].in_force = true;
        file[0].family = AF_INET;
        file[0].synced = true;
        program[0].pages = NONE;
        program[1].pages = NONE;
#if SECOND > 0 || THREADS > 2
        /* The second program is a new one, or the child of a fork that has left the flag's owner behind. */
        if
        :: true
        :: program[1].lock = true
        fi;
#endif
        run manager();
        run thread(0, 0);
#if THREADS > 1
        run thread(1, SECOND);
#endif
#if THREADS > 2
        run thread(2, 1)
#endif
    }
}
