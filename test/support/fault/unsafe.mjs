// An installer that does everything wrong: the control of the crash tests, which must find it out.
import { copyFileSync, existsSync, writeFileSync } from "node:fs";

const LIST = "/etc/ld.so.preload";
const LIBRARY = "/usr/lib/portreserve-unsafe.so";

if (!existsSync(LIST)) {
  writeFileSync(LIST, `${LIBRARY}\n`);
  copyFileSync(process.argv[2], LIBRARY);
}
