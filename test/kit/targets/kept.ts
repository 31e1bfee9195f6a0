/**
 * What was compiled of the node's own programs, kept from one process to the next: every test file of a service needs them, and
 * nobody edits them but whoever works on Zeta itself. Kept in the user's cache folder, under a digest of all that they are made of.
 */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { packageRoot } from "../../../compiler/package-root.ts";

/** Newer ones stay. */
const MOST = 16;

const folder = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "zeta", "nodes");

/** Of every source of the data plane and of what compiles it: as TypeScript in the repository, as a build in the package. */
function digestOfSources(): string {
  const root = packageRoot();
  const hash = createHash("sha256").update(process.version);
  const parts = ["bpf-lib", "sdk", existsSync(join(root, "compiler")) ? "compiler" : "dist"];
  for (const part of parts) {
    const files = readdirSync(join(root, part), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(c?[jt]s|json)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    for (const file of files) hash.update(file.slice(root.length)).update("\0").update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex").slice(0, 32);
}

let digest: string | null = null;

function read(file: string): unknown {
  try {
    return deserialize(readFileSync(file));
  } catch {
    // Not there, or cut: made anew.
    return undefined;
  }
}

function write(file: string, value: unknown): void {
  try {
    mkdirSync(folder(), { recursive: true, mode: 0o700 });
    const draft = `${file}.${randomUUID()}`;
    writeFileSync(draft, serialize(value), { mode: 0o600 });
    renameSync(draft, file);
    const age = (name: string): number => statSync(join(folder(), name)).mtimeMs;
    const all = readdirSync(folder()).sort((a, b) => age(b) - age(a));
    for (const name of all.slice(MOST)) rmSync(join(folder(), name), { force: true });
  } catch {
    // Without a place to keep it, it is made every time.
  }
}

/** What `make` gives, or gave in an earlier process for the same sources. It must survive structured cloning. */
export async function kept<T>(name: string, make: () => Promise<T>): Promise<T> {
  digest ??= digestOfSources();
  const file = join(folder(), `${name}-${digest}`);
  const known = read(file);
  if (known !== undefined) return known as T;
  const made = await make();
  write(file, made);
  return made;
}
