/** A lab of the command, for tests: how it is told, asked, and looked for when it is gone. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { placeOf } from "../../runtime/lab/standing/place.ts";
import type { LabStatus } from "../../runtime/lab/standing/status.ts";
import { type Finished, zeta } from "../cli/command.ts";

/** Milliseconds for what builds a lab: where others use the processors too, a node takes many times its second. */
export const BUSY = 400_000;

/** A place of its own for a lab, and the command there. */
export function setting(folder: string) {
  const state = join(folder, "state");
  const there = { cwd: folder, env: { ZETA_STATE: state } };
  const place = placeOf(state);
  return {
    state,
    there,
    lab: (...words: string[]): Finished => zeta(["lab", ...words], there),
    json: (...words: string[]) => JSON.parse(zeta([...words, "--json"], there).stdout),
    status: (): LabStatus => JSON.parse(zeta(["lab", "status", "--json"], there).stdout).lab,
    /** Whatever of a lab is on the machine. */
    left: () => ({
      namespaces: readdirSync("/run/netns").filter((name) => name.startsWith(place.run)),
      folder: existsSync(place.folder),
      mounts: readFileSync("/proc/self/mountinfo", "utf8").includes(folder),
      files: readdirSync(tmpdir()).filter((name) => name.startsWith(place.run)),
      // Agents and servers are told of the folder by their command lines.
      processes: readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(place.folder)),
    }),
  };
}
export const NOTHING = { namespaces: [], folder: false, mounts: false, files: [], processes: [] };

/** Empty for a process that has ended. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
