// Tells which node has loaded it, in the line that witness.c writes.
const { appendFileSync, readFileSync, readlinkSync } = require("node:fs");
const path = require("node:path");
const fields = {
  via: "witness.cjs",
  uid: process.getuid(),
  euid: process.geteuid(),
  pid: process.pid,
  exe: readlinkSync("/proc/self/exe"),
  userns: readlinkSync("/proc/self/ns/user"),
  cmd: readFileSync("/proc/self/cmdline", "utf8").replaceAll("\0", " ").trim(),
};
const line = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
appendFileSync(path.join(__dirname, "witness.log"), `${line.join("\t")}\n`);
