/** Ctrl-C and SIGTERM end a command in good order. */
import { EXIT, type ExitCode } from "./exit.ts";

export type EndingSignal = "SIGINT" | "SIGTERM";
const SIGNALS: readonly EndingSignal[] = ["SIGINT", "SIGTERM"];

export const exitCodeOfSignal = (signal: EndingSignal): ExitCode =>
  signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated;

/** Signals are caught from now until it is disposed of. */
export interface Signals {
  /** Settles with the first signal. */
  readonly ended: Promise<EndingSignal>;
  [Symbol.dispose](): void;
}

/**
 * Must be called before anything that needs cleaning up is made. A second signal while cleaning up ends the process at
 * once: a person must always be able to get out.
 */
export function catchSignals(): Signals {
  const { promise, resolve } = Promise.withResolvers<EndingSignal>();
  let caught = false;
  const handler = (signal: EndingSignal): void => {
    if (caught) process.exit(exitCodeOfSignal(signal));
    caught = true;
    resolve(signal);
  };
  for (const signal of SIGNALS) process.on(signal, handler);
  return {
    ended: promise,
    [Symbol.dispose]: () => {
      for (const signal of SIGNALS) process.off(signal, handler);
    },
  };
}
