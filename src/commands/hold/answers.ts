// What hold answers for each port before it changes anything: whether it can be held, why not, and what helps.
import { type PortPlace, placeText } from "../../core/hold/port-lines.ts";
import { isUnseen } from "../../core/seen.ts";
import { enumerate } from "../../core/text.ts";
import type { HostFacts } from "../../coverage/facts.ts";
import type { PortUse, PortUser } from "../../coverage/hold-gate.ts";
import { isNamedAfter, unitStem } from "../../coverage/names.ts";
import type { PortToHold } from "./asked.ts";

/**
 * `already`: it has the word. `can`: and nothing is in the way. `stolen`: can be held, but somebody has to give it back.
 * `shared`: its owner gets SO_REUSEADDR by the share library. `unchecked`: its owner was not asked, as the user wanted. `unused`: left as it is, since its owner uses the other
 * protocol alone. The others refuse. `alone`: an owner without SO_REUSEADDR has it. `taken`: somebody has what is to be
 * blocked. `down`: nobody has it. `unknown`: it cannot be seen.
 */
export type AnswerKind =
  | "already"
  | "can"
  | "shared"
  | "stolen"
  | "unchecked"
  | "unused"
  | "alone"
  | "taken"
  | "down"
  | "unknown";

export interface Answer extends PortToHold {
  readonly answer: AnswerKind;
  /** Words behind the port. */
  readonly text: string;
  readonly hint?: string;
  readonly users: readonly PortUser[];
  /** Root would know. */
  readonly rootWould?: boolean;
}

export const REFUSES: Readonly<Record<AnswerKind, boolean>> = {
  already: false,
  can: false,
  shared: false,
  stolen: false,
  unchecked: false,
  unused: false,
  alone: true,
  taken: true,
  down: true,
  unknown: true,
};

export interface Asking {
  readonly kind: "hold" | "block";
  readonly unchecked: boolean;
  /** The command as root would run it. */
  readonly again: string;
  /** "sudo portreservectl VERB", with the root where that is another one. */
  readonly command: (verb: string, ...words: readonly string[]) => string;
  /** Undefined for an image. */
  readonly units: HostFacts["units"] | undefined;
  readonly ownersOf: (place: PortPlace) => readonly string[];
}

/** `use`: undefined for an image, in which nothing runs. */
export function answerFor(asked: PortToHold, use: PortUse | undefined, asking: Asking): Answer {
  return asking.kind === "hold" ? holdAnswer(asked, use, asking) : blockAnswer(asked, use, asking);
}

export function alreadyAnswer(asked: PortToHold, { kind }: Pick<Asking, "kind">): Answer {
  return { ...asked, answer: "already", text: `has the word '${kind}' already`, users: [] };
}

function holdAnswer(asked: PortToHold, use: PortUse | undefined, asking: Asking): Answer {
  const { unchecked, command } = asking;
  const place = placeText(asked);
  if (use === undefined) {
    const text = "not known: nothing runs in an image, so its owner cannot be asked for SO_REUSEADDR";
    return unchecked ? blindly(asked, "nothing runs in an image") : down(asked, text, "");
  }
  switch (use.kind) {
    case "shares":
      return {
        ...asked,
        answer: "can",
        text: `can be held: ${usersText(use.users)} ${have(use.users)} SO_REUSEADDR`,
        users: use.users,
      };
    case "alone": {
      const text = `cannot be held: ${usersText(use.users)} ${have(use.users)} no SO_REUSEADDR`;
      return { ...asked, answer: "alone", text, hint: aloneHint(place, use.users, asking), users: use.users };
    }
    case "stolen": {
      const text = `can be held, but ${usersText(use.users)} ${have(use.users)} it`;
      return { ...asked, answer: "stolen", text, hint: command("reclaim", place), users: use.users };
    }
    case "elsewhere":
      if (unchecked) return blindly(asked, "nobody has it");
      if (asked.exact) return down(asked, NOBODY, "");
      return {
        ...asked,
        answer: "unused",
        text: `left as it is: nobody has it, and ${usersText(use.users)} ${have(use.users)} ${otherOf(asked)} alone`,
        hint: `to hold it too: ${command("hold", place, "--unchecked")}`,
        users: [],
      };
    case "nobody":
      return unchecked ? blindly(asked, "nobody has it") : down(asked, NOBODY, startHint(asked, asking));
    case "unknown":
      if (unchecked) return blindly(asked, use.why);
      return {
        ...asked,
        answer: "unknown",
        text: `not known: ${use.why}`,
        hint: use.rootWould ? `run '${asking.again}'` : "add --unchecked if its owner is known to set SO_REUSEADDR",
        users: [],
        rootWould: use.rootWould,
      };
    default:
      return use satisfies never;
  }
}

function otherOf({ port, protocol }: PortPlace): string {
  return placeText({ port, protocol: protocol === "tcp" ? "udp" : "tcp" });
}

const NOBODY = "not known: nobody has it now, so its owner cannot be asked for SO_REUSEADDR";

function down(asked: PortToHold, text: string, start: string): Answer {
  const hint = `${start}add --unchecked if its owner is known to set SO_REUSEADDR`;
  return { ...asked, answer: "down", text, hint, users: [] };
}

function blindly(asked: PortToHold, why: string): Answer {
  return { ...asked, answer: "unchecked", text: `not checked: ${why}`, users: [] };
}

function startHint(asked: PortToHold, { units, ownersOf }: Asking): string {
  const owners = ownersOf(asked);
  const known = units === undefined || isUnseen(units) ? [] : units;
  const unit = known.find(
    ({ id, names, loadState }) =>
      loadState === "loaded" &&
      id.endsWith(".service") &&
      names.some((name) => owners.some((owner) => isNamedAfter(unitStem(name), owner))),
  );
  return unit === undefined
    ? "start its owner and run this again, or "
    : `run 'sudo systemctl start ${unit.id}' and this again, or `;
}

function aloneHint(place: string, users: readonly PortUser[], { command }: Asking): string {
  if (users.some(({ pid }) => pid === undefined))
    return "the kernel's servers cannot be given it: leave the port as it is";
  if (users.some(({ isStatic }) => isStatic)) {
    return "it is a static program, which cannot be given it by a library: leave the port as it is";
  }
  return `${command("hold", place, "--share", "--now")}, or --block instead if nobody shall have it`;
}

function blockAnswer(asked: PortToHold, use: PortUse | undefined, { unchecked, command }: Asking): Answer {
  if (use === undefined)
    return { ...asked, answer: "can", text: "can be blocked: nothing runs in an image", users: [] };
  switch (use.kind) {
    case "nobody":
    case "elsewhere":
      return { ...asked, answer: "can", text: "can be blocked: nobody has it", users: [] };
    case "shares":
    case "alone":
    case "stolen": {
      const who = usersText(use.users);
      if (unchecked) {
        return { ...asked, answer: "unchecked", text: `to be blocked once it is let go by ${who}`, users: use.users };
      }
      const unit = use.users.find((user) => user.unit !== undefined)?.unit;
      const stop = unit === undefined ? "stop it" : `run 'sudo systemctl stop ${unit}'`;
      const hint =
        use.kind === "stolen"
          ? command("reclaim", placeText(asked))
          : `${stop} and run this again, or add --unchecked to block the port once it is let go`;
      return {
        ...asked,
        answer: "taken",
        text: `cannot be blocked: ${who} ${have(use.users)} it`,
        hint,
        users: use.users,
      };
    }
    case "unknown": {
      const text = `not known: ${use.why}`;
      if (unchecked) return blindly(asked, use.why);
      return { ...asked, answer: "unknown", text, users: [], rootWould: use.rootWould };
    }
    default:
      return use satisfies never;
  }
}

function have(users: readonly PortUser[]): string {
  return users.length <= 1 ? "has" : "have";
}

const MOST_NAMED = 3;

/** "cupsd 1201 (cups.service) and smtpd 44". */
function usersText(users: readonly PortUser[]): string {
  if (users.length === 0) return "somebody";
  const named = users.slice(0, MOST_NAMED).map(({ name, pid, unit }) => {
    // systemd, which is named by the socket unit.
    if (pid === 1) return name;
    const who = pid === undefined ? name : `${name} ${pid}`;
    return unit === undefined ? who : `${who} (${unit})`;
  });
  const more = users.length - named.length;
  return enumerate(more === 0 ? named : [...named, `${more} more`]);
}
