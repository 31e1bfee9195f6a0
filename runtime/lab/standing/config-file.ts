/** `lab.config.ts`, or any other module or JSON file that says what a lab is made of. */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import { fileKind } from "../../../compiler/file-kind.ts";
import { readJson } from "../../config/json-text.ts";
import { labError } from "../command.ts";
import { badLabConfig } from "../problems.ts";
import type { CheckedLab } from "./schema.ts";

async function contentOf(path: string): Promise<unknown> {
  const kind = fileKind(path);
  if (kind !== null && kind !== "file") throw new Error(`it is a ${kind}`);
  if (path.endsWith(".json")) return readJson(readFileSync(path, "utf8").replace(/^\ufeff/, ""));
  const module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
  if (module.default === undefined) throw new Error("it has no default export");
  return module.default;
}

/** `path` is absolute, `file` what it is called in messages. @throws ZetaError: ZT7009. */
export async function readLabConfig(path: string, file: string): Promise<CheckedLab> {
  const { checkedLab } = await import("./schema.ts");
  try {
    return checkedLab(file, await contentOf(path));
  } catch (cause) {
    if (cause instanceof ZetaError) throw cause;
    const said = cause instanceof Error ? cause.message : inspect(cause);
    const [first = ""] = said.trim().split("\n");
    throw labError(badLabConfig(null, file, first.replace(/[.:]$/, "")), said, cause);
  }
}
