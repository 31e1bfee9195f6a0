/** A BPF file system of our own, in a state folder: pins need one, and the machine's at /sys/fs/bpf is not ours. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { EPERM, errnoName } from "./errno.ts";
import { openLibrary } from "./library.ts";
import { onBpffs } from "./pins.ts";
import { failure, noBpffs } from "./problems.ts";

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
  if (libc.mount("bpf", path, "bpf", NO_SUID_NO_DEVICES_NO_EXECUTION, "mode=0700") < 0) {
    const code = errno();
    const reason =
      code === EPERM
        ? "no BPF file system is mounted there, and mounting one needs CAP_SYS_ADMIN"
        : `mounting gave ${errnoName(code)}`;
    throw failure(noBpffs(null, path, reason));
  }
  return true;
}

/** The kernel's own files at the root of each BPF file system have a dot in their names, which pins cannot have. */
const isOurs = (name: string): boolean => !name.includes(".");

/** Names at the top of a BPF file system, without the kernel's own. */
export const pinnedNames = (path: string): string[] => (onBpffs(path) ? readdirSync(path).filter(isOurs) : []);

/** Unmounts it and removes the folder if nothing is pinned there. Returns whether it is gone. */
export async function unmountBpffs(path: string): Promise<boolean> {
  if (!onBpffs(path)) return true;
  if (pinnedNames(path).length > 0) return false;
  const { libc } = await openLibrary();
  if (libc.umount2(path, 0) < 0) return false;
  rmdirSync(path);
  return true;
}

/** Mount points of BPF file systems in this mount namespace (proc(5), mountinfo). */
export function bpffsMounts(): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .flatMap((line) => {
      const [place, source] = line.split(" - ");
      const path = place?.split(" ")[4];
      return source?.startsWith("bpf ") && path !== undefined ? [path.replaceAll("\\040", " ")] : [];
    });
}
