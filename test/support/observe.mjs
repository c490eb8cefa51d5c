// Prints what the manager, as built, sees of one process, and of the objects that it has mapped, as JSON;
// and why there may be other processes. With a signal, it is sent while the look is at its first process: when most was
// read ahead, and what the process was then is past.
import { readlinkSync } from "node:fs";
import process from "node:process";

const { beginProcesses, observeProcesses } = await import(
  new URL("../../dist/observe/processes/read-processes.js", import.meta.url)
);
const [id, signal] = [Number(process.argv[2]), process.argv[3]];
let wasSent = false;
const onProgress = () => {
  if (signal === undefined || wasSent) return;
  wasSent = true;
  const before = program();
  process.kill(id, signal);
  while (program() === before) pause(5);
};
const own = signal === undefined ? undefined : beginProcesses();
if (own !== undefined) pause(500);
const { processes, objects, hidden } = observeProcesses({ onProgress, own });
const found = processes.find(({ pid }) => pid === id);
const keys = Array.isArray(found?.objects) ? found.objects : [];
console.log(JSON.stringify({ ...found, hidden, mapped: keys.map((key) => objects[key]) }));

/** Undefined: it has ended, and may still be waited for. */
function program() {
  try {
    return readlinkSync(`/proc/${id}/exe`);
  } catch {
    return undefined;
  }
}

function pause(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
