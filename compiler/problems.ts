/** Problems of the compiler's own installation. */
import { type Problem, problem } from "./diagnostics/problem.ts";

export const compilerMissing = problem("ZT5027", (packageName: string) => ({
  message: `The compiler needs the package '${packageName}', which is not installed.`,
  fix: `Install it beside zeta: npm install --save-dev ${packageName === "typescript" ? "typescript@6.0" : packageName}. Bundles run without it.`,
}));

const NOT_FOUND: ReadonlySet<unknown> = new Set(["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"]);

/** The problem behind a failed import or `require` of an optional package, or null. */
export function missingPackage(error: unknown): Problem | null {
  if (!(error instanceof Error && "code" in error && NOT_FOUND.has(error.code))) return null;
  const name = error.message.match(/^Cannot find (?:package|module) '((?:@[^'/]+\/)?[^'./][^'/]*)'/)?.[1];
  return name === undefined ? null : compilerMissing(null, name);
}
