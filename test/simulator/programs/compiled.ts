/** The programs that simulated nodes run: those of the product, and the service, as the compiler's front end gives them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import { createCompiler } from "../../../compiler/index.ts";
import { packageRoot } from "../../../compiler/package-root.ts";
import { PROGRAMS_OF } from "../../../runtime/node/bundle.ts";
import { type ConfigParts, configParts } from "../../kit/targets/interpreter-config.ts";
import { kept } from "../../kit/targets/kept.ts";
import type { Compiled } from "../../kit/targets/target.ts";
import { planOf } from "../plan.ts";
import { clientOf, tenantOf } from "./frames.ts";
import { clientsAt, type Told } from "./overlay.ts";
import { PROGRAMS } from "./shape.ts";

export interface Programs {
  readonly forwarder: Compiled;
  readonly table: Compiled;
  readonly service: Compiled;
  readonly configParts: ConfigParts;
  /** Where forwarders find the clients of the second tenant. */
  readonly clients: readonly Told[];
}

/** A deliberate bug: text of a source file of the data plane, and what stands there instead. */
export interface Edit {
  /** From the package's root. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The only nodes that have programs of this file, or that get the bug. */
  readonly only?: "forwarder" | "table";
}

/**
 * Tags of operations are made by one long function, written out: V8 leaves functions of more than 60 KiB of bytecode to its interpreter
 * unless it is told otherwise, and histories take half as long again.
 */
setFlagsFromString("--max-optimized-bytecode-size=1000000");

const SERVICE = "bpf-lib/simulated/service.ts";
const compiler = createCompiler();

async function lower(file: string, files: ReadonlyMap<string, string>): Promise<Compiled> {
  const result = await compiler.lower(file, { files });
  if (!result.ok) throw new ZetaError(result.problems);
  return { module: result.module, manifest: result.manifest, object: null };
}

/** @throws Error when the text is not there, or stands there more than once: the bug would be another. */
export function edited(edits: readonly Edit[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { file, from, to } of edits) {
    const path = join(packageRoot(), file);
    const text = files.get(path) ?? readFileSync(path, "utf8");
    const [before, after, ...more] = text.split(from);
    if (before === undefined || after === undefined || more.length > 0)
      throw new Error(`${file} has not '${from}' in one place.`);
    files.set(path, before + to + after);
  }
  return files;
}

const made = new Map<string, Promise<Programs>>();

/** Those of one role are taken as they are where no edit is in any of their sources. */
function nodePrograms(role: "forwarder" | "table", edits: readonly Edit[]): Promise<Compiled> {
  const own = edits.filter(({ only = role }) => only === role);
  const of = () => lower(join(packageRoot(), PROGRAMS_OF[role].source), edited(own));
  return own.length === 0 ? kept(`${role}-simulated`, of) : of();
}

async function make(edits: readonly Edit[]): Promise<Programs> {
  const forwarder = await nodePrograms("forwarder", edits);
  const parts = await configParts();
  const { flows } = planOf(1, PROGRAMS);
  const clients = flows.filter((flow) => tenantOf(flow) === 1).map(clientOf);
  return {
    forwarder,
    table: await nodePrograms("table", edits),
    service: await lower(join(packageRoot(), SERVICE), new Map()),
    configParts: parts,
    clients: await clientsAt(forwarder, parts, [...new Set(clients)]),
  };
}

/** Compiled once in a process, and those without edits once for all processes. */
export function programsOf(edits: readonly Edit[] = []): Promise<Programs> {
  const name = JSON.stringify(edits);
  const known = made.get(name) ?? make(edits);
  made.set(name, known);
  return known;
}
