/** Examples for a live node, and what is done to it while something goes on. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { createCompiler } from "../../compiler/index.ts";

const compiler = createCompiler();

export interface Version {
  readonly object: Uint8Array;
  readonly manifest: Manifest;
}

/** A version of an example's service: as it is, or with every `from` of its text made `to`. */
export async function version(name: string, from = "", to = ""): Promise<Version> {
  const path = fileURLToPath(new URL(`../../examples/${name}/service.ts`, import.meta.url));
  const text = readFileSync(path, "utf8");
  expect(text).toContain(from);
  const files = from === "" ? {} : { files: new Map([[path, text.replaceAll(from, to)]]) };
  const result = await compiler.compile(path, files);
  if (!result.ok) throw new ZetaError(result.problems);
  return { object: result.code.object, manifest: result.manifest };
}

/**
 * Does something again and again, one after the other, until `work` is done and it was done `least` times.
 * @returns what `work` gave, and how often it was
 */
export async function during<T>(
  work: Promise<T>,
  change: (turn: number) => Promise<void>,
  least: number,
): Promise<{ readonly done: T; readonly turns: number }> {
  let going = true;
  const end = () => {
    going = false;
  };
  work.then(end, end);
  let turns = 0;
  for (; going || turns < least; turns++) await change(turns);
  return { done: await work, turns };
}
