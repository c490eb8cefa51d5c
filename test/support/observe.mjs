// Prints what the manager, as built, sees of one process, and of the objects that it has mapped, as JSON;
// and why there may be other processes.
import process from "node:process";

const { observeProcesses } = await import(new URL("../../dist/observe/processes/read-processes.js", import.meta.url));
const { processes, objects, hidden } = observeProcesses();
const found = processes.find(({ pid }) => pid === Number(process.argv[2]));
const keys = Array.isArray(found?.objects) ? found.objects : [];
console.log(JSON.stringify({ ...found, hidden, mapped: keys.map((key) => objects[key]) }));
