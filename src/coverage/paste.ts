// Cures as whoever has asked can paste them: coverage itself knows neither the user nor the command that was run.
import { AS_ROOT } from "./as-root.ts";
import type { Coverage } from "./coverage.ts";

export interface Asker {
  readonly asRoot: boolean;
  /** The command that has asked, as root would run it. */
  readonly again: string;
}

const NEEDS_ROOT =
  /^(portreservectl (compile|install|uninstall|mechanisms|reserve|hold|unhold|reclaim|migrate)|systemctl (restart|start|daemon-reexec)|chmod|sed|reboot)\b/;

/** One command after the other, each with sudo where that is needed. */
export function hintFor(hint: string | undefined, { asRoot, again }: Asker): string | undefined {
  if (hint === undefined) return undefined;
  if (hint === AS_ROOT) return again;
  if (hint.startsWith(`${AS_ROOT},`)) return `run '${again}'${hint.slice(AS_ROOT.length)}`;
  if (asRoot) return hint;
  const steps = hint.split(" && ");
  return steps.map((step) => (NEEDS_ROOT.test(step) ? `sudo ${step}` : step)).join(" && ");
}

/** The same with every cure to paste. */
export function pastable(coverage: Coverage, asker: Asker): Coverage {
  const told = <T extends { readonly hint: string | undefined }>(one: T): T => ({
    ...one,
    hint: hintFor(one.hint, asker),
  });
  return {
    ...coverage,
    answers: coverage.answers.map(told),
    allocators: coverage.allocators.map(told),
    ports: coverage.ports.map((port) => (port.hold === undefined ? port : { ...port, hold: told(port.hold) })),
    hints: coverage.hints.map(told),
  };
}
