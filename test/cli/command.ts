/** The command as a process, as a person's shell starts it. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** The command's own file. */
export const MAIN = join(root, "runtime/cli/main.ts");

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Setting {
  readonly cwd?: string;
  /** A network namespace to run in, by its path. */
  readonly namespace?: string;
  /** Enters that as `ip netns exec` does: with mounts of its own. */
  readonly ownMounts?: boolean;
  /** As a user without any capability; the folder it works in is opened to it. */
  readonly unprivileged?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** Nothing of the terminal that runs the tests may decide how output looks. */
function environment({ env }: Setting): NodeJS.ProcessEnv {
  const { NO_COLOR: _, FORCE_COLOR: __, ...rest } = process.env;
  return { ...rest, ...env };
}

const NOBODY = "65534";
/** Where the checkout is for somebody who may not enter the folder that it is in, as root's own are. */
const SEEN = "/mnt";
const BIND = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
const seen = (word: string): string => (word.startsWith(root) ? join(SEEN, word.slice(root.length)) : word);

/** The words that start the command in its setting. */
function commandLine(
  words: readonly string[],
  { namespace, ownMounts, unprivileged, cwd }: Setting,
): readonly [string, string[]] {
  let line = [process.execPath, MAIN, ...words];
  if (unprivileged === true) {
    if (cwd !== undefined) chmodSync(cwd, 0o777);
    const somebody = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--inh-caps=-all"];
    line = ["unshare", "--mount", "sh", "-c", BIND, "sh", root, SEEN, ...somebody, ...line.map(seen)];
  }
  if (namespace !== undefined)
    line =
      ownMounts === true
        ? ["ip", "netns", "exec", basename(namespace), ...line]
        : ["nsenter", `--net=${namespace}`, "--", ...line];
  const [first = "", ...rest] = line;
  return [first, rest];
}

/** Runs `zeta` to its end. */
export function zeta(words: readonly string[], setting: Setting = {}): Finished {
  const options = { encoding: "utf8", env: environment(setting), cwd: setting.cwd ?? root } as const;
  const { status, stdout, stderr } = spawnSync(...commandLine(words, setting), options);
  return { code: status, stdout, stderr };
}

export interface Running {
  readonly pid: number;
  /** Waits until its output (both streams together) has the text; rejects when it ends before. */
  readonly says: (text: string | RegExp) => Promise<string>;
  /** Forgets what it said so far. */
  readonly forget: () => void;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Stops reading its data, as `head` does. */
  readonly cut: () => void;
  readonly ended: Promise<Finished>;
}

/** Starts `zeta`; it is killed when the test ends before it does. */
export function start(words: readonly string[], setting: Setting = {}): Running {
  const child = spawn(...commandLine(words, setting), { env: environment(setting), cwd: setting.cwd ?? root });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stdout = "";
  let stderr = "";
  let heard = "";
  const listeners = new Set<() => void>();
  const hear = (text: string): void => {
    heard += text;
    for (const listener of [...listeners]) listener();
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    hear(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    hear(text);
  });
  const ended = new Promise<Finished>((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
  const says = (text: string | RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!(typeof text === "string" ? heard.includes(text) : text.test(heard))) return;
        listeners.delete(look);
        resolve(heard);
      };
      listeners.add(look);
      void ended.then(() => reject(new Error(`zeta ended without saying ${text}:\n${stdout}${stderr}`)));
      look();
    });
  return {
    pid: child.pid ?? -1,
    says,
    forget: () => {
      heard = "";
    },
    signal: (signal) => void child.kill(signal),
    cut: () => void child.stdout.destroy(),
    ended,
  };
}

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "zeta-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
