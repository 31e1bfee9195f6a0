/** Finds LLVM's programs: opt, llc and llvm-strip of one version, 14 to 19, checked by running them. */
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Problem } from "../diagnostics/problem.ts";
import { llvmMissing, llvmOutOfRange } from "./problems.ts";

export const OLDEST_LLVM = 14;
export const NEWEST_LLVM = 19;

export interface Toolchain {
  /** Major version. */
  readonly major: number;
  /** "19.1.7". */
  readonly version: string;
  readonly opt: string;
  readonly llc: string;
  /** Null where it is not installed: objects are then larger, nothing else. */
  readonly strip: string | null;
}

/** Where to look; the environment's PATH unless told. */
export interface Search {
  readonly path?: string;
  /** Folders of whole LLVM installations, with N for the version. */
  readonly installations?: readonly string[];
}

const INSTALLATIONS = ["/usr/lib/llvm-N/bin", "/usr/local/lib/llvm-N/bin", "/opt/llvm-N/bin"];

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function find(tool: string, major: number, { path, installations }: Search): string | null {
  const folders = (path ?? process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = [
    ...folders.map((folder) => join(folder, `${tool}-${major}`)),
    ...(installations ?? INSTALLATIONS).map((folder) => join(folder.replace("llvm-N", `llvm-${major}`), tool)),
  ];
  return candidates.find(executable) ?? null;
}

/** The version that a program reports, or null when it does not run. */
function reportedVersion(file: string): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(file, ["--version"], { timeout: 10_000 }, (error, stdout) => {
      resolve(error === null ? (/LLVM version (\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? null) : null);
    });
  });
}

/** Has asked the programs for their versions when it returns: a caller that then computes does so while they start. */
async function locate(major: number, search: Search): Promise<Toolchain | null> {
  const opt = find("opt", major, search);
  const llc = find("llc", major, search);
  const strip = find("llvm-strip", major, search);
  if (opt === null || llc === null) return null;
  const [version, other] = await Promise.all([reportedVersion(opt), reportedVersion(llc)]);
  if (version === null || version !== other || Number.parseInt(version, 10) !== major) return null;
  return { major, version, opt, llc, strip };
}

export type ToolchainResult =
  | { readonly ok: true; readonly toolchain: Toolchain }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const remembered = new Map<string, Promise<Toolchain | null>>();

function rememberedLocate(major: number, search: Search): Promise<Toolchain | null> {
  const key = JSON.stringify([major, search.path ?? process.env.PATH, search.installations]);
  const known = remembered.get(key) ?? locate(major, search);
  remembered.set(key, known);
  return known;
}

/** The asked version, or the newest that works. Found once per process. */
export async function findToolchain(asked?: number, search: Search = {}): Promise<ToolchainResult> {
  if (asked !== undefined && (!Number.isInteger(asked) || asked < OLDEST_LLVM || asked > NEWEST_LLVM)) {
    return { ok: false, problems: [llvmOutOfRange(null, asked)] };
  }
  const versions =
    asked === undefined
      ? Array.from({ length: NEWEST_LLVM - OLDEST_LLVM + 1 }, (_, index) => NEWEST_LLVM - index)
      : [asked];
  for (const major of versions) {
    const toolchain = await rememberedLocate(major, search);
    if (toolchain !== null) return { ok: true, toolchain };
  }
  return { ok: false, problems: [llvmMissing(null, asked === undefined ? "LLVM" : `LLVM ${asked}`)] };
}

/** Every version that works here, newest first: for `zeta doctor`. */
export async function installedToolchains(search: Search = {}): Promise<readonly Toolchain[]> {
  const found: Toolchain[] = [];
  for (let major = NEWEST_LLVM; major >= OLDEST_LLVM; major--) {
    const toolchain = await rememberedLocate(major, search);
    if (toolchain !== null) found.push(toolchain);
  }
  return found;
}
