// What somebody else has put in a place of ours is reported and left alone: exit 5, and not a byte is changed.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { HOME, LIST, library, noHost, onHost, treeDifferences } from "../support/host.ts";

const notHere = await noHost();
const FOLDER = library.slice(0, library.lastIndexOf("/"));
const WANTS = "/etc/systemd/system/multi-user.target.wants";
const UNIT = "/etc/systemd/system/portreserve.service";
const other = (): string => compileC("test/recovery/plain.c", ["-shared", "-fPIC"]);

interface Case {
  /** How it came to be. */
  readonly by: string;
  readonly says: string;
  readonly hint: string;
}

const list = (by: string, what: string): Case => ({
  by,
  says: `the preload list '${LIST}' ${what}`,
  hint: `see 'ls -l ${LIST}'`,
});
const stranger = (by: string, file: string, what: string): Case => ({
  by,
  says: `'${file}' is ${what}`,
  hint: `find out who made it with 'ls -l ${file}', and move it away`,
});
const writable = (by: string, file: string): Case => ({
  by,
  says: `somebody else than root may change '${file}', and with it what every program loads or root runs`,
  hint: `see 'ls -ld ${file}', and 'chown root' or 'chmod go-w' it`,
});

const foreign: Readonly<Record<string, Case>> = {
  "a list with our library by another path": {
    by: `printf '# by hand\\n${other()}:/opt/portreserve/libportreserve.so\\n' >${LIST}`,
    says: `${LIST}:2:${other().length + 2}: '/opt/portreserve/libportreserve.so' is in the preload list, and portreservectl did not write it`,
    hint: "take it out by hand, then run 'portreservectl install', whose entry serves every kind of program",
  },
  "a list that is a folder": list(`mkdir ${LIST}`, "is a directory"),
  "a list that leads to a device": list(`ln -s /dev/null ${LIST}`, "is a device"),
  "a list that leads to itself": list(
    `ln -s ld.so.preload ${LIST}`,
    "is out of reach: too many symbolic links encountered",
  ),
  "a list that leads into no folder": {
    by: `ln -s /nowhere/list ${LIST}`,
    says: `the preload list '${LIST}' is a link to '/nowhere/list', and there is no such folder`,
    hint: "make the folder, or remove the link",
  },
  "a list without a place for a line": {
    by: `printf '\\000#\\n\\n#b/c' >${LIST}`,
    says: `the preload list '${LIST}' holds NUL bytes where no line can be added without changing what else is loaded`,
    hint: "write the list again, one library a line",
  },
  "a library of our name": stranger(
    `mkdir ${FOLDER}; cp ${other()} ${library}`,
    library,
    "a file that portreservectl did not write",
  ),
  "a link in the library's place": stranger(
    `mkdir ${FOLDER}; ln -s ../libc.so.6 ${library}`,
    library,
    "a link to '../libc.so.6' that portreservectl did not make",
  ),
  "a folder in the library's place": stranger(`mkdir -p ${library}`, library, "a directory"),
  "a file in the folder's place": stranger(`: >${FOLDER}`, FOLDER, "a file, and a folder is needed there"),
  "a dangling link in the folder's place": stranger(
    `ln -s /nowhere ${FOLDER}`,
    FOLDER,
    "a link that leads to no folder, and a folder is needed there",
  ),
  "another package in the manager's place": stranger(
    `mkdir ${HOME}; echo '{ "name": "another" }' >${HOME}/package.json`,
    `${HOME}/package.json`,
    "a file that portreservectl did not write",
  ),
  "another unit of our name": stranger(`echo '[Unit]' >${UNIT}`, UNIT, "a file that portreservectl did not write"),
  "a unit of our name that ours would hide": stranger(
    "echo '[Unit]' >/usr/lib/systemd/system/portreserve.service",
    "/usr/lib/systemd/system/portreserve.service",
    "a unit that portreservectl did not write",
  ),
  "the link that enables the old daemon's unit": {
    by: `mkdir -p ${WANTS}; ln -s /usr/lib/systemd/system/portreserve.service ${WANTS}`,
    says: `'${WANTS}/portreserve.service' is a link to '/usr/lib/systemd/system/portreserve.service' that portreservectl did not make`,
    hint: "run 'systemctl disable portreserve.service', which ends nothing, then this again",
  },
  "a folder that everybody may write to": writable(`mkdir ${FOLDER}; chmod 777 ${FOLDER}`, FOLDER),
  "a folder of somebody else": writable(`mkdir ${FOLDER}; chown 65534 ${FOLDER}`, FOLDER),
  "a library of somebody else": writable(`ctl install >"$SCRATCH/log" 2>&1; chown 65534 ${library}`, library),
  "a folder that only root may look into": {
    by: `mkdir -m 700 ${FOLDER}`,
    says: `only some users may look into '${FOLDER}', and every program has to find its shim there`,
    hint: `run 'chmod 755 ${FOLDER}'`,
  },
};

describe.skipIf(notHere !== undefined)(named("install", notHere), () => {
  test.each(Object.entries(foreign))("refuses %s", async (what, { by, says, hint }) => {
    const script = `${by}\nstep before tree\nstep install ctl install\nstep after tree`;
    const ran = await onHost(script, /list/.test(what) ? { noisy: true } : {});
    const install = ran("install");
    expect({ ...install, stderr: install.stderr.replace(/^ERROR: ld\.so: .*\n/gm, "") }).toEqual({
      status: 5,
      stdout: "",
      stderr: `portreservectl: error: ${says}; nothing was changed\nhint: ${hint}\n`,
    });
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
  });

  test("refuses all at once, with one message each", async () => {
    const { by, ...first } = foreign["a folder in the library's place"] as Case;
    const second = foreign["a list that is a folder"] as Case;
    const ran = await onHost(`${by}; ${second.by}\nstep install ctl install`);
    expect(ran("install").stderr).toBe(
      `portreservectl: error: ${second.says}\nhint: ${second.hint}\nportreservectl: error: ${first.says}; nothing was changed\nhint: ${first.hint}\n`,
    );
  });

  test("does not write through a table that is a folder, and takes back what it did before", async () => {
    const ran = await onHost(`mkdir /etc/portreserve.table
step before tree
step install ctl install
step after tree`);
    expect(ran("install")).toEqual({
      status: 5,
      stdout: "",
      stderr: `portreservectl: error: refusing to replace '/etc/portreserve.table': it is a directory; everything is as it was before
hint: find out who made it, and move it away
`,
    });
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
  });
});

describe.skipIf(notHere !== undefined)(named("uninstall", notHere), () => {
  const INSTALL = `ctl install >"$SCRATCH/log" 2>&1`;

  test.each([
    ["a library", `cp ${other()} ${library}.new; mv ${library}.new ${library}`, library],
    ["a unit", `echo '[Unit]' >${UNIT}`, UNIT],
  ])("leaves %s that somebody else has put in the place of ours, and takes the rest", async (_, by, file) => {
    const ran = await onHost(`step before tree
${INSTALL}
${by}
step uninstall ctl uninstall
step after tree
rm ${file}
step again ctl uninstall
step end tree`);
    expect(ran("uninstall")).toMatchObject({
      status: 5,
      stderr: `portreservectl: error: '${file}' is a file that portreservectl did not write, so it was left there
hint: find out who made it with 'ls -l ${file}', and move it away
`,
    });
    const left = treeDifferences(ran("before"), ran("after")).map((line) => line.split(" ").slice(0, 2).join(" "));
    expect(left).toContain(`+ ${file}`);
    expect(left.filter((line) => ![`+ ${file}`, `+ ${FOLDER}`].includes(line))).toEqual([]);
    expect(ran("again").status).toBe(0);
    expect(treeDifferences(ran("before"), ran("end"))).toEqual([]);
  });

  test("does nothing where it cannot tell what the list names", async () => {
    const ran = await onHost(`${INSTALL}
mv ${LIST} /etc/list; mkdir ${LIST}
step before tree
step uninstall ctl uninstall
step after tree`);
    expect(ran("uninstall")).toEqual({
      status: 5,
      stdout: "",
      stderr: `portreservectl: error: the preload list '${LIST}' is a directory; nothing was changed\nhint: see 'ls -l ${LIST}'\n`,
    });
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
  });

  test.each([
    ["the library's folder is a link", `mkdir /usr/there; ln -s /usr/there ${FOLDER}`, "rmdir /usr/there"],
    [
      "the folder of reservations is a link",
      "mv /etc/portreserve /etc/there; ln -s there /etc/portreserve; rm there/* /etc/there/*",
      "",
    ],
  ])("works where %s", async (_, by) => {
    const ran = await onHost(`{ ${by}; } 2>"$SCRATCH/log"
step before tree
step install ctl install
step uninstall ctl uninstall
step after tree`);
    expect({ install: ran("install").status, uninstall: ran("uninstall").status }).toEqual({
      install: 0,
      uninstall: 0,
    });
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
  });

  test("takes AppArmor's rule away, also where AppArmor is no longer active", async () => {
    const folder = "/etc/apparmor.d/abstractions/base.d";
    const ran = await onHost(`mkdir -p ${folder}
step before tree
echo "# Written by 'portreservectl install'; 'portreservectl uninstall' removes it." >${folder}/portreserve
: >${folder}/another
step uninstall ctl uninstall
rm ${folder}/another
step after tree`);
    expect(ran("uninstall")).toMatchObject({ status: 0, stderr: "" });
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
  });
});
