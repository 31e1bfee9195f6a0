/**
 * What a node that is kept was told of its networks, as a file in its state folder: whoever starts there again need not tell it
 * anew. Services are not in it: whoever adds them knows them.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stateFolder } from "../attach/state.ts";
import { writeWhole } from "../attach/whole-file.ts";
import { failure, stateNotWritable } from "../loader/problems.ts";
import { tellNetworks } from "../node/networks.ts";
import type { Node } from "../node/node.ts";
import type { Settable, Underlay } from "../node/underlay.ts";
import { badKept } from "./problems.ts";

const LISTS = ["tunnels", "endpoints", "entrances", "addresses"] as const;
type Part = (typeof LISTS)[number] | "quotas";
type Kept = Partial<Record<Part, unknown>>;

const fileOf = (state?: string): string => join(stateFolder(state), "networks.json");

function write(file: string, kept: Kept): void {
  try {
    writeWhole(file, `${JSON.stringify(kept, null, 2)}\n`, 0o600);
  } catch (error) {
    throw failure(stateNotWritable(null, file, error instanceof Error ? error.message : String(error)), error);
  }
}

/** Null when nothing was ever told. */
function read(file: string): object | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw failure(badKept(null, file, (error as Error).message), error);
  }
  try {
    const kept: unknown = JSON.parse(text);
    if (typeof kept === "object" && kept !== null && !Array.isArray(kept)) return kept;
  } catch {
    // Told below, as any other content that is none.
  }
  throw failure(badKept(null, file, "it holds no JSON object"));
}

/** Interfaces are kept by name, where the node is on them: their numbers may be others' by the time it starts again. */
function named(all: unknown, names: ReadonlyMap<number, string>): unknown {
  if (!Array.isArray(all)) return all;
  return all.map((entry: unknown) => {
    if (typeof entry !== "object" || entry === null || !("interface" in entry)) return entry;
    return { ...entry, interface: names.get(entry.interface as number) ?? entry.interface };
  });
}

/**
 * The node, which from now on writes down what it is told, and has been told what was written down before. `interfaces` are
 * those that it is on, by name.
 * @throws ZetaError: ZT8117 for what cannot be told again, ZT4022 where it cannot be written.
 */
export async function withKeptNetworks(
  node: Node,
  interfaces: ReadonlyMap<string, number>,
  state?: string,
): Promise<Node> {
  const file = fileOf(state);
  const names = new Map([...interfaces].map(([name, index]) => [index, name]));
  const before = read(file);
  let kept: Kept = {};
  const note = (part: Part, all: unknown): void => {
    kept = { ...kept, [part]: named(all, names) };
    write(file, kept);
  };
  const noting = <T>(part: Part, to: Settable<T>): Settable<T> => ({
    async set(all) {
      await to.set(all);
      note(part, all);
    },
  });
  const underlay: Underlay = {
    tunnels: noting("tunnels", node.tunnels),
    endpoints: noting("endpoints", node.endpoints),
    entrances: noting("entrances", node.entrances),
    addresses: noting("addresses", node.addresses),
    quotas: {
      ...node.quotas,
      async set(all) {
        await node.quotas.set(all);
        note("quotas", all);
      },
    },
  };
  const noted: Node = { ...node, ...underlay };
  if (before === null) return noted;
  try {
    await tellNetworks(noted, before, interfaces);
  } catch (error) {
    throw failure(badKept(null, file, error instanceof Error ? error.message : String(error)), error);
  }
  return noted;
}
