// The programs that must go on running, whatever happens to the manager: a script that shows what each answers.
import { existsSync } from "node:fs";
import path from "node:path";
import { skipReason } from "../can.ts";
import { compileC } from "../compile-c.ts";
import { built } from "../sandbox.ts";
import { NODE } from "../stage/stage.ts";

const AS_NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups";

/** By what it shows, one command each; what this host does not have is left out. */
function programs(): readonly string[] {
  const found = ["/usr/bin/python3", "/usr/bin/perl"].filter((name) => existsSync(name));
  const script: Readonly<Record<string, string>> = {
    "/usr/bin/python3": "-B -c 'print(1)'",
    "/usr/bin/perl": "-le 'print 1'",
  };
  return [
    "/bin/true",
    "sh -c 'echo shell'",
    "cat /etc/ld.so.conf",
    "ls -d /etc",
    "env -i /usr/bin/env A=b",
    "su --version",
    // Setuid: here the loader is in its secure mode.
    `${AS_NOBODY} mount --version`,
    `${AS_NOBODY} cat /proc/sys/kernel/ostype`,
    "getent passwd root",
    `${NODE} --version`,
    `${built.probe} --help`,
    ...found.map((name) => `${name} ${script[name]}`),
    ...(skipReason("32-bit programs") === undefined ? [compileC(HELLO, ["-m32"])] : []),
  ];
}

const HELLO = path.join("test", "support", "fault", "hello.c");

/** For sh: each program's name, output and status; on standard error its name and what it complains about. */
export function checks(): string {
  return programs()
    .map((command) => {
      const name = `echo "== ${command.replaceAll(/["$`\\]/g, "\\$&")}"`;
      return `${name}; ${name} >&2; ${command} </dev/null; echo "status $?"\n`;
    })
    .join("");
}
