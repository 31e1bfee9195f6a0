/** A debugger of the main thread, in a worker: it breaks once, steps over a few statements, and tells what it saw. */
import { Worker } from "node:worker_threads";

export interface Stop {
  /** 0-based place in the generated script. */
  readonly line: number;
  readonly column: number;
  /** Value of the watched variable, as text. */
  readonly watched: string;
}

export interface Debugging {
  /** Resolves when the program has run on. */
  readonly stops: Promise<readonly Stop[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

const CLIENT = `
const { Session } = require("node:inspector");
const { parentPort, workerData: { url, line, steps, watch } } = require("node:worker_threads");
const session = new Session();
const stops = [];
// A listener keeps the worker alive: a session alone does not.
parentPort.on("message", () => {});
session.connectToMainThread();
session.on("Debugger.paused", ({ params: { callFrames: [top] } }) => {
  session.post("Debugger.evaluateOnCallFrame", { callFrameId: top.callFrameId, expression: watch }, (_error, { result }) => {
    stops.push({ line: top.location.lineNumber, column: top.location.columnNumber, watched: String(result.value) });
    if (stops.length <= steps) return session.post("Debugger.stepOver");
    session.post("Debugger.resume", () => parentPort.postMessage(stops));
  });
});
session.post("Debugger.enable", () => {
  session.post("Debugger.setBreakpointByUrl", { url, lineNumber: line }, () => parentPort.postMessage("ready"));
});
`;

/** Sets a breakpoint in a script, which may be loaded already. Await it, then run the script. */
export async function debug(options: { url: string; line: number; steps: number; watch: string }): Promise<Debugging> {
  const worker = new Worker(CLIENT, { eval: true, workerData: options });
  const message = <T>() => new Promise<T>((resolve, reject) => worker.once("message", resolve).once("error", reject));
  await message<"ready">();
  return { stops: message<readonly Stop[]>(), [Symbol.asyncDispose]: async () => void (await worker.terminate()) };
}
