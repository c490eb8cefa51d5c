// How a probe is started as a process was: with no right that the process does not have.
import { expect, test } from "vitest";
import { type ProcessTexts, processStart, type TargetTexts } from "../../src/commands/verify/proof-process.ts";

interface Ids {
  readonly uids?: string;
  readonly gids?: string;
  readonly permitted?: string;
  readonly noNewPrivs?: string;
  readonly seccomp?: string;
}

const status = ({
  uids = "0 0 0 0",
  gids = "7 7 7 7",
  permitted = "1f",
  noNewPrivs = "0",
  seccomp = "0",
}: Ids): string =>
  `Name:\tUid: 0\nUid:\t${uids.replaceAll(" ", "\t")}\nGid:\t${gids.replaceAll(" ", "\t")}\nCapPrm:\t${permitted}
CapEff:\t1f\nCapBnd:\t1f\nNoNewPrivs:\t${noNewPrivs}\nSeccomp:\t${seccomp}\nSeccomp_filters:\t0\n`;

const own: ProcessTexts = {
  status: status({}),
  label: "unconfined\n",
  namespaces: { user: "user:[1]", pid: "pid:[1]", ipc: "ipc:[1]" },
};

/** AT_PAGESZ and AT_SECURE of a 64-bit program. */
const auxv = (secure: bigint): Buffer => Buffer.from(new BigUint64Array([6n, 4096n, 23n, secure, 0n, 0n]).buffer);

const target = (ids: Ids, more: Partial<TargetTexts> = {}): TargetTexts => ({
  ...own,
  status: status(ids),
  environ: "A=1\0LD_PRELOAD=/x.so\0LD_PRELOAD=/y.so\0",
  auxv: auxv(0n),
  isHere: true,
  ...more,
});

const nothing = (): undefined => undefined;
const plain = { environ: "A=1\0" };
const USER = { uids: "1000 1000 1000 1000" };

test("starts by root what root started, with its first LD_PRELOAD, in its root if that is another", () => {
  expect(processStart(target({}), own, nothing)).toEqual({ kind: "root", enter: false, preload: "/x.so" });
  expect(processStart(target({}, { isHere: false }), own, nothing)).toMatchObject({ kind: "root", enter: true });
});

test("starts by its user what another user started", () => {
  expect(processStart(target(USER), own, nothing)).toEqual({ kind: "user", uid: 1000, gid: 7, preload: "/x.so" });
});

test("asks whether root's preload or root could be changed, and takes no for an answer", () => {
  const asked: (string | undefined)[] = [];
  const changeable = (preload: string | undefined): string => {
    asked.push(preload);
    return "/home/x";
  };
  for (const one of [target({}), target({}, { isHere: false }), target({}, { isHere: false, ...plain })]) {
    expect(processStart(one, own, changeable)).toMatchObject({
      kind: "none",
      reason: expect.stringContaining("/home/x"),
    });
  }
  expect(asked).toEqual(["/x.so", "/x.so", undefined]);
  // Its user may run his own files.
  expect(processStart(target(USER), own, changeable).kind).toBe("user");
  expect(asked).toHaveLength(3);
});

test("takes nothing from a program that did not heed the variable, or of which that cannot be told", () => {
  expect(processStart(target({}, { auxv: auxv(1n) }), own, nothing)).toMatchObject({
    kind: "root",
    preload: undefined,
  });
  expect(processStart(target({}, { auxv: Buffer.alloc(0) }), own, nothing).kind).toBe("none");
  expect(processStart(target({}, { auxv: undefined }), own, nothing).kind).toBe("none");
});

const CONFINED: readonly [string, Ids, Partial<TargetTexts>, RegExp][] = [
  ["no_new_privs", { noNewPrivs: "1" }, {}, /no_new_privs/],
  ["a seccomp filter", { seccomp: "2" }, {}, /seccomp/],
  ["strict seccomp", { seccomp: "1" }, {}, /seccomp/],
  ["another label", {}, { label: "/usr/sbin/ypbind (enforce)\n" }, /label/],
  ["process ids of its own", {}, { namespaces: { ...own.namespaces, pid: "pid:[2]" } }, /namespace of its own \(pid\)/],
  ["IPC of its own", {}, { namespaces: { ...own.namespaces, ipc: undefined } }, /namespace of its own \(ipc\)/],
  ["users of its own", {}, { namespaces: { ...own.namespaces, user: "user:[2]" } }, /users of its own/],
];

test.each(CONFINED)("uses nothing that a process with %s has chosen", (_, ids, more, reason) => {
  for (const user of [{}, USER]) {
    const start = processStart(target({ ...user, ...ids }, more), own, nothing);
    expect(start).toMatchObject({ kind: "none", reason: expect.stringMatching(reason) });
  }
  expect(processStart(target(ids, { ...more, isHere: false, ...plain }), own, nothing).kind).toBe("none");
});

test("uses nothing that root with one capability less has chosen, in each of the three sets", () => {
  for (const set of ["CapPrm", "CapEff", "CapBnd"]) {
    const texts = target({});
    const less = { ...texts, status: texts.status?.replace(`${set}:\t1f`, `${set}:\t1d`) };
    expect(processStart(less, own, nothing)).toMatchObject({
      kind: "none",
      reason: expect.stringMatching(/capabilities/),
    });
  }
  expect(processStart(target({ permitted: "3f" }), own, nothing).kind).toBe("root");
});

test("uses nothing that a process with several users or groups has chosen", () => {
  const several = [{ uids: "1000 0 0 0" }, { uids: "0 1000 0 0" }, { ...USER, gids: "7 8 7 7" }];
  for (const ids of several) expect(processStart(target(ids), own, nothing).kind).toBe("none");
});

test("enters no root of another user's", () => {
  expect(processStart(target(USER, { isHere: false, ...plain }), own, nothing).kind).toBe("none");
});

test("proves by the preload list alone where nothing was chosen, whatever the process may do", () => {
  expect(processStart(target({ seccomp: "2" }, plain), own, nothing)).toMatchObject({
    kind: "root",
    preload: undefined,
  });
  expect(processStart(target({ ...USER, noNewPrivs: "1" }, plain), own, nothing)).toMatchObject({ kind: "user" });
});

test("says nothing of a process that has ended", () => {
  for (const gone of [{ status: undefined }, { environ: undefined }, { status: "Uid:\t0\n" }]) {
    expect(processStart({ ...target({}), ...gone }, own, nothing).kind).toBe("none");
  }
});
