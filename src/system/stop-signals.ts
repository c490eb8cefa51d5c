// The signals by which people and service managers end a program that would go on for ever.

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

export interface Stop {
  /** Waits so many milliseconds, or less if a signal comes or came. True for a signal. */
  within(milliseconds: number): Promise<boolean>;
  /** From now on they kill again. */
  forget(): void;
}

/** From now on SIGINT and SIGTERM do not kill this process. */
export function whenStopped(): Stop {
  let stopped = false;
  let wake = (): void => {};
  const onSignal = (): void => {
    stopped = true;
    wake();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    within: async (milliseconds) => {
      if (!stopped) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, milliseconds);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return stopped;
    },
    forget: () => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
