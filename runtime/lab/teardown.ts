/**
 * Takes down what a lab made, in one go and synchronously: it must also work while the process is exiting, when nothing
 * asynchronous runs any more. Removing a namespace removes its interfaces, and with them their XDP programs.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isStale } from "./names.ts";

/** Kills what still runs in the namespaces, removes them and the folder. Things already gone are no failure. */
export function tearDown(namespaces: readonly string[], folder: string | null): void {
  for (const name of namespaces) killInside(name);
  if (namespaces.length > 0) {
    const input = namespaces.map((name) => `netns delete ${name}\n`).join("");
    spawnSync("ip", ["-force", "-batch", "-"], { input });
  }
  if (folder !== null) removeFolder(folder);
}

/** With what is mounted in it: a node's BPF file system, whose pins would keep programs and tables alive. */
function removeFolder(folder: string): void {
  // Those mounted last stand last, and may lie in those before.
  for (const path of mountsIn(folder).reverse()) spawnSync("umount", [path]);
  rmSync(folder, { recursive: true, force: true });
}

/** Mount points within a folder of a lab, whose path has nothing that mountinfo writes in another way (proc(5)). */
const mountsIn = (folder: string): string[] =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(`${folder}/`));

/** Every process in a namespace of a lab is the lab's own: nobody else knows of the namespace. */
function killInside(namespace: string): void {
  const listed = spawnSync("ip", ["netns", "pids", namespace], { encoding: "utf8" });
  for (const line of (listed.stdout ?? "").split("\n")) {
    const pid = Number(line);
    if (pid > 1 && pid !== process.pid) killIfThere(pid);
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/**
 * Removes what labs of killed processes left: namespaces with the processes in them, and temporary folders. Labs of
 * living processes stay as they are. Returns the names of what it removed.
 */
export function cleanStale(): readonly string[] {
  const namespaces = namesIn("/run/netns").filter(isStale);
  const folders = namesIn(tmpdir()).filter(isStale);
  tearDown(namespaces, null);
  for (const name of folders) removeFolder(join(tmpdir(), name));
  return [...namespaces, ...folders];
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
