/**
 * Makes sure that a lab goes when its process goes: at exit, and at the signals that end a process. SIGKILL cannot be
 * caught; `cleanStale` is for that.
 */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const guarded = new Set<() => void>();

const takeAllDown = () => {
  for (const tearDown of guarded) tearDown();
  guarded.clear();
};

const onSignal = (signal: NodeJS.Signals) => {
  takeAllDown();
  for (const name of signals) process.off(name, onSignal);
  // Whoever else listens decides how to end; alone, we end as the signal would have ended us.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
};

/** Runs `tearDown` when the process ends before the returned function was called. It must be synchronous. */
export function guard(tearDown: () => void): () => void {
  if (guarded.size === 0) {
    process.on("exit", takeAllDown);
    for (const signal of signals) process.on(signal, onSignal);
  }
  guarded.add(tearDown);
  return () => {
    if (!guarded.delete(tearDown) || guarded.size > 0) return;
    process.off("exit", takeAllDown);
    for (const signal of signals) process.off(signal, onSignal);
  };
}
