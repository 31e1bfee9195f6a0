/** Long-running processes in a namespace: started, awaited until ready, ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { howItEnded, labError } from "./command.ts";
import { commandFailed, endedEarly, notReady } from "./problems.ts";

/** When a process counts as ready: a TCP port listens in its namespace, or a line it printed matches. */
export type Readiness = { readonly listening: number } | { readonly prints: RegExp };

export interface ServiceOptions {
  readonly ready?: Readiness;
  /** Milliseconds to become ready; 10 000 unless told. */
  readonly timeout?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** A file that takes its output: the process may then outlive this one, and Ctrl-C at a terminal does not reach it. */
  readonly log?: string;
}

export interface LabProcess extends AsyncDisposable {
  readonly pid: number;
  /** What it printed so far, both streams in order of arrival. */
  output(): string;
  /** Settles when it has ended, with its exit code, or null when a signal ended it. */
  readonly ended: Promise<number | null>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and after two seconds SIGKILL. Returns when it has ended. */
  dispose(): Promise<void>;
}

export async function startService(
  command: string,
  parameters: readonly string[],
  options: ServiceOptions = {},
): Promise<LabProcess> {
  const child = launch(command, parameters, options);
  const service = watch(child, options.log ?? null);
  try {
    await awaitStart(child, command);
    if (options.ready) await awaitReady(service, parameters.join(" "), options.ready, options.timeout ?? 10_000);
    return service;
  } catch (error) {
    await service.dispose();
    throw error;
  }
}

function launch(command: string, parameters: readonly string[], { environment, log }: ServiceOptions): ChildProcess {
  const env = { ...process.env, ...environment };
  if (log === undefined) return spawn(command, parameters, { stdio: ["ignore", "pipe", "pipe"], env });
  const file = openSync(log, "a", 0o600);
  try {
    const child = spawn(command, parameters, { stdio: ["ignore", file, file], env, detached: true });
    child.unref();
    return child;
  } finally {
    closeSync(file);
  }
}

function watch(child: ChildProcess, log: string | null): LabProcess {
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  let over = false;
  const ended = new Promise<number | null>((resolve) => {
    const end = (status: number | null) => {
      over = true;
      resolve(status);
    };
    child.once("exit", end);
    child.once("error", () => end(null));
  });
  const dispose = async () => {
    if (over || child.pid === undefined) return;
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), 2_000);
    await ended;
    clearTimeout(force);
  };
  return {
    pid: child.pid ?? 0,
    output: () => (log === null ? output : readIfThere(log)),
    ended,
    signal: (name) => void child.kill(name),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

const awaitStart = (child: ChildProcess, command: string) =>
  new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => reject(labError(commandFailed(null, command, "did not start", ""), "", error)));
  });

/** Looks every few milliseconds: the kernel tells nobody that another process's socket listens. */
async function awaitReady(service: LabProcess, command: string, ready: Readiness, timeout: number): Promise<void> {
  const what = "listening" in ready ? `port ${ready.listening} listens` : `prints ${ready.prints}`;
  const isReady = () =>
    "listening" in ready ? isListening(service.pid, ready.listening) : ready.prints.test(service.output());
  let status: number | null | undefined;
  void service.ended.then((code) => {
    status = code;
  });
  for (const deadline = Date.now() + timeout; !isReady(); await pause(5)) {
    if (status !== undefined)
      throw labError(
        endedEarly(null, command, howItEnded(status, status === null ? "SIGKILL" : null)),
        service.output(),
      );
    if (Date.now() > deadline) throw labError(notReady(null, command, what, timeout), service.output());
  }
}

const LISTEN = "0A";

/** /proc/PID/net/tcp shows the sockets of that process's network namespace. */
export function isListening(pid: number, port: number): boolean {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return ["tcp", "tcp6"].some((table) => {
    const lines = readIfThere(`/proc/${pid}/net/${table}`).split("\n").slice(1);
    return lines.some((line) => {
      const [, local = "", , state] = line.trim().split(/\s+/);
      return state === LISTEN && local.endsWith(`:${wanted}`);
    });
  });
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
