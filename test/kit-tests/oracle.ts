/** Scapy in a process of its own, which answers one question after another. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Oracle {
  ask<T>(request: object): Promise<T>;
  close(): Promise<void>;
}

/** Debian's own Python holds the package; another `python3` may come first in PATH. */
const PYTHON = "/usr/bin/python3";

export function startOracle(): Oracle {
  const script = fileURLToPath(new URL("./scapy-oracle.py", import.meta.url));
  const child = spawn(PYTHON, [script], { stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const exited = once(child, "close");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask<T>(request: object) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`scapy ended: ${complaints} (Debian's python3-scapy is needed)`);
      return JSON.parse(value) as T;
    },
    async close() {
      child.stdin.end();
      await exited;
    },
  };
}
