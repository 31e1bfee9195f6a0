/** Reads what the guest's script printed between the kernel's own messages. */
export interface Loaded {
  readonly object: string;
  readonly result: "pass" | "fail";
  /** What bpftool and the verifier said. */
  readonly log: string;
}

export interface Outcome {
  /** As uname says, or null when the script never ran. */
  readonly kernel: string | null;
  readonly loaded: readonly Loaded[];
  /** Whether the script came to its end; if not, objects may be missing. */
  readonly done: boolean;
  /** The whole console, for when that is needed. */
  readonly console: string;
}

export function readConsole(text: string): Outcome {
  const loaded: Loaded[] = [];
  let kernel: string | null = null;
  let done = false;
  let log: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, word = "", rest = ""] = /^ZETA (KERNEL|LOAD|PASS|FAIL|DONE) ?(.*)$/.exec(line) ?? [];
    if (word === "") log.push(line);
    else if (word === "KERNEL") kernel = rest;
    else if (word === "DONE") done = true;
    else if (word === "LOAD") log = [];
    else loaded.push({ object: rest, result: word === "PASS" ? "pass" : "fail", log: log.join("\n") });
  }
  return { kernel, loaded, done, console: text };
}
