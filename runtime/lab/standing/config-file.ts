/** `lab.config.ts`, or any other module or JSON file that says what a lab is made of. */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { labError } from "../command.ts";
import { badLabConfig } from "../problems.ts";
import type { CheckedLab } from "./schema.ts";

async function contentOf(path: string): Promise<unknown> {
  if (path.endsWith(".json")) return JSON.parse(readFileSync(path, "utf8"));
  const module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
  if (module.default === undefined) throw new Error("it has no default export");
  return module.default;
}

/** `path` is absolute, `file` what it is called in messages. @throws ZetaError: ZT7009. */
export async function readLabConfig(path: string, file: string): Promise<CheckedLab> {
  let content: unknown;
  try {
    content = await contentOf(path);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const [first = ""] = said.trim().split("\n");
    throw labError(badLabConfig(null, file, first.replace(/[.:]$/, "")), said, cause);
  }
  const { checkedLab } = await import("./schema.ts");
  return checkedLab(file, content);
}
