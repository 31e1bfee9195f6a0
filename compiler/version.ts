/** This package's version, as its package.json has it. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "./package-root.ts";

let known: string | undefined;

export function version(): string {
  known ??= (JSON.parse(readFileSync(path.join(packageRoot(), "package.json"), "utf8")) as { version: string }).version;
  return known;
}
