/** Work in another network namespace. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { closeSync, openSync, statSync } from "node:fs";
import { kernelProblem } from "./errno.ts";
import { library } from "./library.ts";
import { failure } from "./problems.ts";

const CLONE_NEWNET = 0x40000000;
const OWN = "/proc/thread-self/ns/net";

/** `ip netns` names live in /run/netns; anything with a slash is a path already (/proc/PID/ns/net). */
export const namespacePath = (namespace: string): string =>
  namespace.includes("/") ? namespace : `/run/netns/${namespace}`;

/** The inode number that identifies this thread's network namespace. */
export const ownNamespace = (): number => statSync(OWN).ino;

function enter(fd: number, what: string): void {
  const { libc, errno } = library();
  if (libc.setns(fd, CLONE_NEWNET) >= 0) return;
  throw failure(kernelProblem(`enter network namespace ${what}`, errno(), { needed: ["CAP_SYS_ADMIN"] }));
}

function openNamespace(namespace: string): number {
  try {
    return openSync(namespacePath(namespace), "r");
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).errno ?? 0;
    throw failure(kernelProblem(`open network namespace ${namespace}`, errno, { needed: ["CAP_SYS_ADMIN"] }), cause);
  }
}

/**
 * Runs `work` with this thread in another network namespace, and comes back whatever happens. `work` must be synchronous:
 * setns(2) moves one thread, and asynchronous calls run on others. Sockets and links made inside stay in that namespace.
 * @throws ZT4002 without CAP_SYS_ADMIN, ZT4017 when there is no such namespace.
 */
export function inNamespace<T>(namespace: string, work: () => T): T {
  const home = openSync(OWN, "r");
  try {
    const there = openNamespace(namespace);
    try {
      enter(there, namespace);
    } finally {
      closeSync(there);
    }
    try {
      return work();
    } finally {
      enter(home, "of this process");
    }
  } finally {
    closeSync(home);
  }
}

/**
 * Starts a process in a network namespace. It keeps this process's mounts, unlike `ip netns exec`, which mounts a new /sys
 * and so hides a BPF file system below it. The way to run an agent per namespace.
 */
export const spawnInNamespace = (
  namespace: string,
  command: string,
  parameters: readonly string[],
  settings: SpawnOptions = {},
): ChildProcess => spawn("nsenter", [`--net=${namespacePath(namespace)}`, "--", command, ...parameters], settings);
