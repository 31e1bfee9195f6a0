/** Giving up what has not begun to serve yet. */
import { setImmediate } from "node:timers/promises";

/** Lets what came while the kernel was at work be heard first: a signal of the process waits for that. @throws the signal's reason. */
export async function throwIfAborted(signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return;
  await setImmediate();
  signal.throwIfAborted();
}
