// Names of services as systemd accepts them, from what a person types.
import { quote } from "../text.ts";

export interface UnitName {
  /** With its suffix, as 'rpcbind.service', 'ypserv@.service' or 'ypserv@lan.service'. */
  readonly unit: string;
  readonly kind: "plain" | "template" | "instance";
}

export interface UnitNameFault {
  readonly message: string;
  readonly hint: string;
}

const SUFFIX = ".service";
/** systemd's UNIT_NAME_MAX without the NUL. */
const LONGEST = 255;
const OTHER_TYPES = /\.(socket|device|mount|automount|swap|target|path|timer|slice|scope|snapshot)$/;
/** A name without its suffix. systemd allows a second '@' within the instance. */
const NAME = /^(?:[A-Za-z0-9:_.\\-]+)(@[A-Za-z0-9:_.\\@-]*)?$/;

/** The service that `text` names, with '.service' added where there is no suffix. */
export function unitName(text: string): UnitName | UnitNameFault {
  const other = OTHER_TYPES.exec(text);
  if (other !== null) return otherType(text, other);
  const unit = text.endsWith(SUFFIX) ? text : `${text}${SUFFIX}`;
  if (unit.includes("/")) return withSlash(text);
  const match = NAME.exec(unit.slice(0, -SUFFIX.length));
  if (match === null) {
    return {
      message: `${quote(text)} is not the name of a unit: only letters, digits and ':-_.\\@' may be in it`,
      hint: "'systemctl list-units --type=service --all' lists the services",
    };
  }
  if (unit.length > LONGEST) {
    return {
      message: `${quote(text)} is not the name of a unit: it is longer than ${LONGEST} characters`,
      hint: "'systemctl list-units --type=service --all' lists the services",
    };
  }
  return { unit, kind: match[1] === undefined ? "plain" : match[1] === "@" ? "template" : "instance" };
}

/** "ypserv@.service" for "ypserv@lan.service", and for itself; undefined for what is of no template. */
export function templateOf(unit: string): string | undefined {
  const at = unit.indexOf("@");
  return at === -1 ? undefined : `${unit.slice(0, at)}@${unit.slice(unit.lastIndexOf("."))}`;
}

/** Whether a unit is `wanted`, or an instance of it where that is a template. */
export function isUnitOf(unit: string | undefined, wanted: string): boolean {
  return unit !== undefined && (unit === wanted || templateOf(unit) === wanted);
}

/** A name that 'systemctl show' answers for: it refuses a template, but knows what an instance of it would be. */
export function shownName({ unit, kind }: UnitName): string {
  return kind === "template" ? unit.replace("@.", "@portreserve.") : unit;
}

function otherType(text: string, match: RegExpExecArray): UnitNameFault {
  const message = `${quote(text)} is a ${match[1]}, and only a service has an environment to set`;
  if (match[1] !== "socket") return { message, hint: `name the service that runs the program, with '${SUFFIX}'` };
  return { message, hint: `name the service that it starts: 'systemctl show -P Triggers ${text}' says which` };
}

function withSlash(text: string): UnitNameFault {
  const last = text.slice(text.lastIndexOf("/") + 1);
  const named = last === "" ? undefined : unitName(last);
  return {
    message: `${quote(text)} is a path, not the name of a unit`,
    hint:
      named !== undefined && "unit" in named ? `write '${named.unit}'` : "write the name alone, as 'rpcbind.service'",
  };
}
