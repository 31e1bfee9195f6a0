/** A BPF file system of our own, in a state folder: pins need one, and the machine's at /sys/fs/bpf is not ours. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { EPERM, errnoName } from "./errno.ts";
import { openLibrary } from "./library.ts";
import { onBpffs } from "./pins.ts";
import { failure, noBpffs } from "./problems.ts";

/** The mount's source, free for BPF file systems: tells ours from one that an administrator prepared. */
const OURS = "zeta";
const NO_SUID_NO_DEVICES_NO_EXECUTION = 2 | 4 | 8;

/**
 * Makes sure that `path` is a BPF file system, and mounts one where it is not. Returns whether it did.
 * @throws ZT4014 when it is not and may not be mounted: mounting needs CAP_SYS_ADMIN. One that is prepared there is used.
 */
export async function mountBpffs(path: string): Promise<boolean> {
  if (onBpffs(path)) return false;
  const { libc, errno } = await openLibrary();
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw failure(noBpffs(null, path, "the folder cannot be made"), cause);
  }
  if (libc.mount(OURS, path, "bpf", NO_SUID_NO_DEVICES_NO_EXECUTION, "mode=0700") < 0) {
    const code = errno();
    const reason =
      code === EPERM
        ? "no BPF file system is mounted there, and mounting one needs CAP_SYS_ADMIN"
        : `mounting gave ${errnoName(code)}`;
    throw failure(noBpffs(null, path, reason));
  }
  return true;
}

/** What runs are called (runtime/attach/runs.ts): one that has just made its folder is about to pin something there. */
export const isRun = (name: string): boolean => /^[0-9a-f]{8}$/.test(name);

/** The kernel's own files at the root of each BPF file system have a dot in their names, which pins cannot have. */
const isOurs = (name: string): boolean => !name.includes(".");

/**
 * Names of folders at the top of a BPF file system. What else lies there, nobody has pinned: the kernel's own files, and the
 * links that iproute2's `ip` leaves on any such file system that it finds.
 */
export const pinnedNames = (path: string): string[] =>
  onBpffs(path)
    ? readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && isOurs(entry.name))
        .map(({ name }) => name)
    : [];

/** Whether anything is pinned there, by whomever. */
const holdsPins = (path: string): boolean =>
  readdirSync(path, { recursive: true, withFileTypes: true }).some(
    (entry) => entry.isFile() && (entry.parentPath !== path || isOurs(entry.name)),
  ) || pinnedNames(path).some(isRun);

/** Mount points, in this mount namespace, of BPF file systems that Zeta mounted (proc(5), mountinfo). */
export function bpffsMounts(): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .flatMap((line) => {
      const [place, source] = line.split(" - ");
      const path = place?.split(" ")[4];
      return source?.startsWith(`bpf ${OURS} `) && path !== undefined ? [path.replaceAll("\\040", " ")] : [];
    });
}

/** A file system's number as mountinfo writes it (Linux: `new_decode_dev`). */
const numberOf = (device: number): string =>
  `${(device >>> 8) & 0xfff}:${(device & 0xff) | ((device >>> 12) & 0xfff00)}`;

/**
 * Whether the file system at `path` is mounted for the machine's first process too. One that is not goes with the last process of
 * the mount namespace that it is in, and its pins with it. True where it cannot be seen.
 */
export function outlivesUs(path: string): boolean {
  try {
    const number = numberOf(statSync(path).dev);
    return readFileSync("/proc/1/mountinfo", "utf8")
      .split("\n")
      .some((line) => line.split(" ")[2] === number);
  } catch {
    return true;
  }
}

/** Removes the mount point; whatever came to lie in it while nothing was mounted stays. */
function dropMountPoint(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw error;
  }
}

/**
 * Unmounts it and removes the folder if it is ours and nothing is pinned there. Returns whether there is none (any more);
 * one that somebody else mounted stays.
 */
export async function unmountBpffs(path: string): Promise<boolean> {
  const { libc } = await openLibrary();
  // More than one when two processes mounted at the same moment.
  while (bpffsMounts().includes(path)) {
    if (holdsPins(path) || libc.umount2(path, 0) < 0) return false;
    if (!bpffsMounts().includes(path)) dropMountPoint(path);
  }
  return !onBpffs(path);
}
