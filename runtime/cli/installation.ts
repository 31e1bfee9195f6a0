/** Where this copy of zeta is, and what it brings: the same in the source tree and in the installed package. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly engines?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface Installation {
  /** The package's folder. */
  readonly root: string;
  readonly package: PackageJson;
}

/** The nearest package.json above this module. */
export function installation(): Installation {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, "package.json");
    if (existsSync(path)) return { root: folder, package: JSON.parse(readFileSync(path, "utf8")) as PackageJson };
    if (folder === dirname(folder)) throw new Error("zeta's own package.json is missing; install it again.");
  }
}

export const version = (): string => installation().package.version;

/** Names of the examples that `zeta init --template` can start from. */
export function exampleNames(): string[] {
  const folder = join(installation().root, "examples");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "service.ts")))
    .sort();
}
