// The libraries to preload in comparison, and libntirpc, wherever this system has them.
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { built, library } from "./programs.mjs";

/** Folders that libraries are in: `lib/x86_64-linux-gnu` on Debian and its like, `lib64` on others. */
function folders() {
  return ["/usr/lib", "/usr/lib64"].flatMap((folder) => [folder, ...subfolders(folder)]);
}

function subfolders(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.includes("-linux-"))
    .map((entry) => path.join(folder, entry.name));
}

/** The first file whose path below one of those folders matches, for this processor; undefined where there is none. */
function find(below, pattern) {
  return folders()
    .map((folder) => path.join(folder, below))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => pattern.test(name))
        .sort()
        .map((name) => path.join(folder, name)),
    )
    .find(sameProcessor);
}

/** Class and machine of an ELF file are those of the shim. */
function sameProcessor(file) {
  const kind = (name) => {
    const start = readFileSync(name).subarray(0, 20);
    return `${start[4]} ${start.subarray(18, 20).toString("hex")}`;
  };
  return kind(file) === kind(built.shim);
}

/** libntirpc, which nfs-ganesha has its bindresvport() from; undefined where it is not installed. */
export function ntirpc() {
  return find("", /^libntirpc\.so\.[0-9.]+$/);
}

// `copy`: its name where it is measured. `environment`: what makes it do its work in every process.
const PEERS = [
  {
    id: "authbind",
    name: "libauthbind",
    copy: "authb",
    environment: ["AUTHBIND_LEVELS=y"],
    source: () => find("authbind", /^libauthbind\.so\.1$/),
    debian: "authbind",
  },
  {
    id: "eatmydata",
    name: "libeatmydata",
    copy: "eatmy",
    environment: [],
    source: () => find("", /^libeatmydata\.so$/),
    debian: "libeatmydata1",
  },
  {
    id: "faketime",
    name: "libfaketime",
    copy: "fakti",
    environment: ["FAKETIME=+1d"],
    source: () => find("faketime", /^libfaketime\.so\.1$/),
    debian: "faketime",
  },
];

/**
 * What is preloaded, in the order of the tables: `id`, `name`, `preload` (a path; undefined for no library) and
 * `environment`. All libraries are copied into one folder under names of one length, so that finding them costs the
 * same. `skipped` says which are not here.
 */
export function preloads() {
  const skipped = [];
  const found = [
    { id: "none", name: "no library", preload: undefined, environment: [] },
    { id: "empty", name: "empty library, the shim's own flags", preload: library("tuned"), environment: [] },
    { id: "plain", name: "empty library, plain cc -shared", preload: library("plain"), environment: [] },
    { id: "shim", name: "the shim", preload: library("shim_"), environment: [] },
  ];
  cpSync(built.shim, library("shim_"));
  for (const { id, name, copy, environment, source, debian } of PEERS) {
    const file = source();
    if (file === undefined) {
      skipped.push(`${name} is not installed (Debian package ${debian})`);
      continue;
    }
    cpSync(file, library(copy), { dereference: true });
    found.push({ id, name, preload: library(copy), environment });
  }
  return { found, skipped };
}

/** The index of a preload by its id. */
export function indexOf(found, id) {
  return found.findIndex((one) => one.id === id);
}
