/* How portreserve-hold follows its file, for spin, which tries every order of every step.

   README.md beside this file says what each part stands for in the source, what is left out, and how it is run.

   In short. A file says which ports are held. Compiles replace it one after the other, look for the holder by its state,
   and tell it; each may be killed before each step. The holder reads, takes what is new, says so in its state, lets go
   what the file has no more, and gives the manager (systemd) what is new. It may be killed before each step, or told to
   end; the manager starts it again with what it keeps. A thief takes a port whenever it is free, and may leave again.

   What must hold has a name, and is checked by must(). Each macro that begins with BREAK_ leaves out, or turns round,
   one thing that the code does; LIMIT_ lets in one thing that portreserve-hold(8) says is not caught. */

#ifndef TURNS
#define TURNS 2 /* compiles one after the other, each of which may be killed */
#endif
#ifndef DEATHS
#define DEATHS 1 /* of the holder */
#endif
#ifndef SLOTS
#define SLOTS 3 /* 0: a port of TCP, 1: one of UDP, 2: the same in the other address family */
#endif
#ifndef THIEF
#define THIEF SLOTS /* the slot that a thief takes whenever it is free, and leaves; SLOTS: none does */
#endif

/* ---- what must hold ------------------------------------------------------------------------------------------- */

#define KEPT 1   /* an invariant: a port that was ready is never free while every file since then has it */
#define NEWEST 2 /* an invariant: after a compile that ended, a holder that sleeps holds what the file says */
#define FREE 3   /* an invariant: what that has no more is bound by nobody then, neither in the manager's keeping */
#define WHOLE 4  /* an invariant: the holder acts on one file and on all of it */
#define SOME 5   /* an invariant: a file that it cannot read takes nothing from it */
#define HONEST 6 /* an invariant: what the state of a holder that runs says to be held is bound */
#define READY 7  /* an invariant: when it says that it is ready, only a thief's ports are not held, and all are kept */
#define OWNERS 8 /* an invariant: no socket of UDP shares its port where it could get what is meant for the owner */

#ifdef ONLY
#define must(what, condition) assert(what != ONLY || (condition))
#else
#define must(what, condition) assert(what >= 9 || (condition))
#endif

/* Something that has to occur, or the model would prove nothing: the run fails if it was never reached. */
#define occurs(what) printf(what)

/* ---- the host ------------------------------------------------------------------------------------------------- */

#define NONE 0
#define HOLD 1
#define BLOCK 2
#define MIXED 3 /* of what is handed over: not all of it is the one or the other */

/* A file by its number: 0 is none; each other has the first port to hold, 2 the second one too, and 3 to block. */
#define kind_in(table, slot) (slot == 0 -> (table > 0 -> HOLD : NONE) : (table < 2 -> NONE : table - 1))
byte file = 2;
byte version; /* of the name: another one for each rename */
bool damaged; /* by a foreign hand: it ends too early */

byte state, state_life; /* whose list the state has, and who wrote it; nobody: 0 */
bool said[SLOTS];       /* what of it is held by what the state says */
byte life = 1;          /* the holder's number and start time */
bool runs = true, pending, asleep;

/* A socket is bound for as long as anybody has a descriptor of it. */
typedef socket {
    bool mine, kept;       /* the holder has one, the manager */
    byte sent;             /* messages on their way have one */
    bool is_stored;        /* what the holder believes of the manager */
    bool shares, nowhere   /* SO_REUSEADDR; SO_BINDTOIFINDEX */
};
socket sock[SLOTS];
bool has_thief;
#define thief(slot) (slot == THIEF && has_thief)
byte mine[2]; /* what the holder holds of each port */
#define port_of(slot) (slot > 0)
#define bound(slot) (sock[slot].mine || sock[slot].kept || sock[slot].sent > 0)

mtype = { GIVE, REMOVE, BARRIER };
chan mail = [3] of { mtype, byte };
bool waits; /* for the end of BARRIER */

/* Kept only to state what must hold. */
bool safe[SLOTS];      /* it was ready, and every file since has it */
bool completed = true; /* the last compile has ended, and none runs */
bool changes;          /* a hold is on its way to a block: from its end until the state says so */

/* ---- compile: src/commands/compile.ts -------------------------------------------------------------------------- */

#define step(action) if :: atomic { action } :: goto killed fi

inline tell_holder()
{
    step(seen = state; seen_life = state_life); /* readHolder() */
    if
    :: seen_life == 0 -> occurs("nobody is there to be told\n")
#ifndef BREAK_NOT_COMPARED
    :: seen_life != 0 && !writes && seen != wanted -> occurs("told what a killed compile did not\n");
        step(if :: runs && life == seen_life -> pending = true :: else fi)
#endif
    :: seen_life != 0 && !writes && seen == wanted
#ifdef BREAK_NOT_COMPARED
    :: seen_life != 0 && !writes && seen != wanted
#endif
    :: seen_life != 0 && writes -> /* sendSignal(): by a descriptor, to the one that wrote the state */
        step(if :: runs && life == seen_life -> pending = true :: else -> occurs("it has ended meanwhile\n") fi)
    fi
}

proctype compile()
{
    byte turn, wanted, seen, seen_life, i;
    bool writes;

next:
    atomic {
        seen = 0; seen_life = 0; writes = false; wanted = 0; i = 0;
        if
        :: turn == TURNS -> goto end_all
        :: else -> turn++
        fi
    };
    atomic {
        completed = false;
        if
        :: wanted = file
        :: file != 0 -> wanted = 0
        :: file != 1 -> wanted = 1
        :: file != 2 -> wanted = 2
#ifdef KINDS
        :: file != 3 -> wanted = 3
#endif
#ifdef DAMAGE
        :: file != 0 && !damaged -> damaged = true; occurs("damaged\n"); goto next
#endif
        fi;
        writes = wanted != file || damaged
    };
#ifdef BREAK_TOLD_BEFORE
    tell_holder();
#endif
    if
    :: writes -> /* writeHold(), removeHold() */
        step(i = 0;
            do
            :: i < SLOTS ->
                if
                :: kind_in(wanted, i) == NONE -> safe[i] = false
#ifndef LIMIT_TO_BLOCK
                :: kind_in(wanted, i) == BLOCK && kind_in(file, i) != BLOCK -> safe[i] = false
#endif
                :: else
                fi;
                i++
            :: else -> break
            od;
            i = 0; file = wanted; version++; damaged = false)
    :: else -> occurs("unchanged\n")
    fi;
#ifndef BREAK_TOLD_BEFORE
    tell_holder();
#endif
    atomic { completed = true; goto next };

killed:
    atomic { occurs("a compile is killed\n"); goto next };

end_all:
    skip
}

/* ---- portreserve-hold: native/hold ------------------------------------------------------------------------------- */

#define dies deaths < DEATHS -> deaths++; runs = false; asleep = false
#define hstep(action) if :: atomic { action } :: atomic { dies; occurs("killed\n"); goto dead } fi
#define slots_from(first, action) i = first; do :: i < SLOTS -> action :: i == SLOTS -> i = 0; break od
/* The port of TCP is the first one, and bound beside who has it: it is never refused. */
#define can_retry(slot) (is_listed(slot) && !sock[slot].mine && has_room && !bound(slot) && !thief(slot))
#define is_listed(slot) (mine[port_of(slot)] != NONE)

#ifdef DESCRIPTORS
#define used (sock[0].mine + sock[1].mine + sock[SLOTS - 1].mine)
#ifdef BREAK_NONE_SPARE
#define SPARE 0
#else
#define SPARE 1
#endif
#define has_room (used + SPARE < DESCRIPTORS)
#define can_open (used < DESCRIPTORS)
#else
#define has_room true
#define can_open true
#endif

inline tell(what, slot) { hstep(nfull(mail) -> mail!what(slot)) }

/* pr_hold_settle() */
inline settle()
{
#ifndef BREAK_NO_BARRIER
    hstep(nfull(mail) -> mail!BARRIER(0); waits = true);
    hstep(!waits)
#else
    skip
#endif
}

#define taken(slot, what) sock[slot].mine = true; sock[slot].shares = (what == HOLD); sock[slot].nowhere = (what == HOLD && slot > 0)

/* pr_hold_take(): one bind(), in the middle of an atomic step. Sockets that share are in nobody's way who does. */
inline take(slot, what)
{
    if
    :: sock[slot].mine
    :: !sock[slot].mine && has_room && (!bound(slot) || (what == HOLD && sock[slot].shares)) && (!thief(slot) || (slot == 0 && what == HOLD)) ->
        taken(slot, what);
        if :: thief(slot) -> occurs("beside a thief\n") :: else fi
    :: else -> occurs("refused\n"); must(READY, thief(slot) || !has_room)
    fi
}

/* let_go() of one slot */
inline let_go(slot)
{
    if
#ifdef BREAK_TAKEN_BACK_IF_STORED
    :: sock[slot].mine && !sock[slot].is_stored
#else
    :: sock[slot].mine && !sock[slot].is_stored -> tell(REMOVE, slot)
#endif
    :: sock[slot].is_stored -> tell(REMOVE, slot)
    :: else
    fi;
    hstep(sock[slot].mine = false; sock[slot].is_stored = false)
}

/* carry() of the port of UDP, where its kind has changed */
inline change_kind()
{
    if
#ifdef BREAK_NOWHERE_AGAIN /* which the kernel refuses, so that it is closed and bound anew */
    :: now == HOLD && ((sock[1].mine && sock[1].nowhere) || (sock[SLOTS - 1].mine && sock[SLOTS - 1].nowhere)) ->
        slots_from(1, let_go(i); i++);
        settle()
#endif
    :: now == HOLD -> /* pr_hold_share() */
        slots_from(1,
            if
            :: sock[i].mine ->
#ifdef BREAK_SHARED_FIRST
                hstep(sock[i].shares = true);
                hstep(sock[i].nowhere = true)
#else
                if :: !sock[i].nowhere -> hstep(sock[i].nowhere = true) :: else fi;
                hstep(sock[i].shares = true; occurs("shared\n"))
#endif
            :: else
            fi;
            i++)
    :: now == BLOCK ->
        changes = true;
        slots_from(1, let_go(i); i++);
        settle()
    fi;
    slots_from(1, hstep(take(i, now)); i++)
}

inline write_state()
{
    hstep(state_life = life;
        state = (mine[0] == NONE -> (mine[1] == NONE -> 0 : 4) : (mine[1] == NONE -> 1 : (mine[1] == HOLD -> 2 : 3)));
        slots_from(0, said[i] = is_listed(i) && sock[i].mine && !thief(i); i++);
        changes = false)
}

/* what the last list had no more */
inline let_all_go()
{
    if
    :: gone[0] || gone[1] ->
        slots_from(0, if :: gone[port_of(i)] -> let_go(i) :: else fi; i++);
        gone[0] = false;
        gone[1] = false;
        settle()
    :: else
    fi
}

proctype holder()
{
    byte i, got, got_version, now, deaths;
    bool refused, gone[2];
    goto reload;

start: /* pr_hold_inherit(): looks at each socket that it was handed */
    slots_from(0,
        if
#ifdef BREAK_HALF_SHARED_CLOSED
        :: i > 0 && sock[i].mine && sock[i].nowhere && !sock[i].shares ->
            hstep(sock[i].mine = false);
            tell(REMOVE, i)
#endif
        :: else -> hstep(sock[i].is_stored = sock[i].mine)
        fi;
        i++);
#ifdef FOREIGN
    /* One is none of ours, so that what the manager has is not known any more. */
#ifdef LIMIT_SAME_NAME
    tell(REMOVE, 0);
#endif
    hstep(slots_from(0, sock[i].is_stored = false; i++); occurs("theirs\n"));
    settle();
#endif
    hstep(mine[0] = (sock[0].mine -> HOLD : NONE);
        slots_from(1,
            if
            :: sock[i].mine ->
                now = (sock[i].shares -> HOLD : (sock[i].nowhere -> MIXED : BLOCK));
                mine[1] = (mine[1] == NONE || mine[1] == now -> now : MIXED)
            :: else
            fi;
            i++);
        if :: mine[1] == MIXED -> occurs("neither hold nor block\n") :: else fi);
    /* pr_hold_adopted(): what the other family lacks */
    slots_from(0,
        if :: is_listed(i) && !sock[i].mine -> hstep(take(i, mine[port_of(i)])) :: else fi;
        i++);

reload:
    now = NONE;
#ifdef BREAK_READ_TWICE
    hstep(got_version = version);
    hstep(got = file; refused = damaged; must(WHOLE, got_version == version));
#else
    hstep(got = file; got_version = version; refused = damaged || !can_open); /* pr_hold_read() */
#endif
#ifdef BREAK_NO_LAST_LINE
    must(WHOLE, !refused);
#endif
#ifdef BREAK_REFUSED_IS_EMPTY
    if :: refused -> must(SOME, mine[0] == NONE && mine[1] == NONE) :: else fi;
#endif
    if
    :: refused -> occurs("cannot be read\n")
    :: else -> /* pr_hold_load() */
#ifdef BREAK_CLOSED_FIRST
        gone[0] = mine[0] != NONE;
        gone[1] = mine[1] != NONE;
        let_all_go();
        mine[0] = NONE;
        mine[1] = NONE;
#endif
#ifdef BREAK_FORGOTTEN_FIRST
        slots_from(0, if :: sock[i].is_stored -> tell(REMOVE, i); sock[i].is_stored = false :: else fi; i++);
#endif
        now = kind_in(got, 0);
        if
        :: mine[0] == NONE && now != NONE -> hstep(take(0, now))
        :: mine[0] != NONE && now == NONE -> gone[0] = true
        :: else
        fi;
        mine[0] = now;
        now = kind_in(got, 1);
        if
        :: mine[1] == NONE && now != NONE -> slots_from(1, hstep(take(i, now)); i++)
        :: mine[1] != NONE && now == NONE -> gone[1] = true
        :: mine[1] != NONE && now != NONE && mine[1] != now -> change_kind()
        :: else
        fi;
        mine[1] = now
    fi;
#ifdef BREAK_STATE_LAST
    let_all_go();
#endif
    write_state();
    let_all_go();

retried:
#ifndef BREAK_NO_STORE
    slots_from(0, /* pr_hold_store() */
        if
        :: sock[i].mine && !sock[i].is_stored ->
            hstep(nfull(mail) -> mail!GIVE(i); sock[i].sent++; sock[i].is_stored = true)
        :: else
        fi;
        i++);
#endif
    /* pr_hold_ready() */
    hstep(slots_from(0, if :: sock[i].mine && mine[port_of(i)] == kind_in(file, i) -> safe[i] = true :: else fi; i++));
#ifndef BREAK_NOT_LOOKED_AGAIN
    if
    :: hstep(got_version != version -> occurs("replaced meanwhile\n")); goto reload
    :: atomic { got_version == version }
    fi;
#endif

sleep:
    got = 0;
#ifdef BREAK_FLAG_LOST
    if
    :: pending -> pending = false; goto reload
    :: !pending
    fi;
    atomic { asleep = true; pending = false };
#else
    asleep = true;
#endif
end_sleep:
    if
    :: atomic { pending -> pending = false; asleep = false; goto reload } /* sigtimedwait() */
    :: atomic { can_retry(1) -> asleep = false; taken(1, mine[1]) }; goto again
#if SLOTS > 2
    :: atomic { can_retry(2) -> asleep = false; taken(2, mine[1]) }; goto again
#endif
    :: atomic { dies; occurs("killed asleep\n"); goto dead }
    :: atomic { dies; state_life = 0; occurs("told to end\n"); goto dead }
    fi;

again: /* pr_hold_retry() */
    atomic { occurs("tried again\n") };
    write_state();
    goto retried;

dead:
    atomic {
        pending = false; waits = false; changes = false;
        got = 0; got_version = 0; now = 0; refused = false; gone[0] = false; gone[1] = false;
        mine[0] = NONE; mine[1] = NONE;
        slots_from(0, sock[i].mine = false; sock[i].is_stored = false; i++)
    };
    /* The manager reads all that came before it looks who has ended. */
    atomic {
        empty(mail) -> runs = true; life++;
        slots_from(0, sock[i].mine = sock[i].kept; i++);
        goto start
    }
}

/* ---- the others --------------------------------------------------------------------------------------------------- */

proctype manager()
{
    byte slot;
end_manager:
    do
    :: atomic { mail?GIVE(slot) -> sock[slot].sent--; sock[slot].kept = true; slot = 0 }
    :: atomic { mail?REMOVE(slot) -> sock[slot].kept = false; slot = 0 }
    :: atomic { mail?BARRIER(slot) -> waits = false }
    od
}

proctype robber()
{
end_robber:
    do
    :: atomic { !has_thief && !bound(THIEF) -> has_thief = true; occurs("a thief has it\n") }
    :: has_thief -> has_thief = false
    od
}

/* Looks at each state; it goes on only where one is not as it must be. */
#define is_quiet (runs && asleep && !pending && completed && !damaged)
#define is_newest (mine[0] == kind_in(file, 0) && mine[1] == kind_in(file, 1))
#define is_left(slot) (kind_in(file, slot) == NONE && bound(slot))
#define is_free(slot) (safe[slot] && !bound(slot))
#define is_lie(slot) (runs && state_life == life && said[slot] && !bound(slot) && !changes)

proctype watch()
{
end_watch:
    if
    :: atomic { is_free(0) || is_free(1) || is_free(SLOTS - 1) -> must(KEPT, false) }
    :: atomic { is_quiet && !is_newest -> must(NEWEST, false) }
    :: atomic { is_quiet && empty(mail) && (is_left(0) || is_left(1) || is_left(SLOTS - 1)) -> must(FREE, false) }
    :: atomic { is_lie(0) || is_lie(1) || is_lie(SLOTS - 1) -> must(HONEST, false) }
    :: atomic { sock[1].mine && sock[1].shares && !sock[1].nowhere -> must(OWNERS, false) }
    fi
}

init {
    atomic {
        run compile();
        run holder();
        run manager();
        run watch()
#if THIEF < SLOTS
        ;run robber()
#endif
    }
}
