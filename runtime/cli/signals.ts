/** Ctrl-C and SIGTERM end a command in good order. */
import { throwIfAborted } from "../attach/abort.ts";
import { EXIT, type ExitCode } from "./exit.ts";

export type EndingSignal = "SIGINT" | "SIGTERM";
const SIGNALS: readonly EndingSignal[] = ["SIGINT", "SIGTERM"];

export const exitCodeOfSignal = (signal: EndingSignal): ExitCode =>
  signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated;

/** Thrown by what a signal made give up; everything is as it was before. */
export class Interrupted extends Error {
  readonly code: ExitCode;
  constructor(signal: EndingSignal) {
    super(`Ended by ${signal}.`);
    this.code = exitCodeOfSignal(signal);
  }
}

/** Signals are caught from now until it is disposed of. */
export interface Signals {
  /** Settles with the first signal. */
  readonly ended: Promise<EndingSignal>;
  /** Aborted by the first signal, with Interrupted. */
  readonly abort: AbortSignal;
  /** What comes of work that needs no cleaning up: the first signal ends the waiting for it. @throws Interrupted. */
  until<T>(work: Promise<T>): Promise<T>;
  /** Hears signals that came during work that nothing interrupts. @throws Interrupted. */
  check(): Promise<void>;
  [Symbol.dispose](): void;
}

/**
 * Must be called before anything that needs cleaning up is made. A second signal while cleaning up ends the process at
 * once: a person must always be able to get out.
 */
export function catchSignals(): Signals {
  const { promise, resolve } = Promise.withResolvers<EndingSignal>();
  const abort = new AbortController();
  let caught = false;
  const handler = (signal: EndingSignal): void => {
    if (caught) process.exit(exitCodeOfSignal(signal));
    caught = true;
    abort.abort(new Interrupted(signal));
    resolve(signal);
  };
  for (const signal of SIGNALS) process.on(signal, handler);
  return {
    ended: promise,
    abort: abort.signal,
    until: (work) =>
      Promise.race([
        work,
        promise.then((signal) => {
          throw new Interrupted(signal);
        }),
      ]),
    check: () => throwIfAborted(abort.signal),
    [Symbol.dispose]: () => {
      for (const signal of SIGNALS) process.off(signal, handler);
    },
  };
}
