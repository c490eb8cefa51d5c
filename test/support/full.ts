// How much of what can be repeated at will a run repeats: a share that CI has the time for, or with PORTRESERVE_FULL=1 all of it.

/** Every point of the matrices, both newcomers on each release, and as many reboots and restarts as the page of evidence has. */
export const FULL = process.env.PORTRESERVE_FULL === "1" || process.env.PORTRESERVE_RECORD === "1";
