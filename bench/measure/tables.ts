/** Measures the tables of one case, all interleaved. Each family of frames has a wrapper cost of its own. */
import { fileURLToPath } from "node:url";
import { compile } from "../../compiler/index.ts";
import { createMap, type LoadedObject, load, testRun } from "../../runtime/index.ts";
import { update } from "../../runtime/loader/map-operations.ts";
import { Action } from "../../sdk/bpf/program.ts";
import type { MapData } from "../../sdk/maps/data.ts";
import { frameOf, type TableCase, type TableSubject } from "../cases/tables.ts";
import type { TableRow } from "../report/row.ts";
import { measure, type RoundOptions } from "./rounds.ts";
import { net } from "./statistics.ts";
import { openVariedFrames } from "./wrapper.ts";

const WAYS = 64;
const CPUS = 64;

async function compiled(program: string) {
  const source = fileURLToPath(new URL(`../programs/tables/${program}.ts`, import.meta.url));
  const result = await compile(source, { cpu: "v3" });
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  return { object: result.code.object, manifest: result.manifest };
}

function sizesOf({ sized, program }: TableSubject, entries: number): Record<string, number> {
  if (sized === "innerEntries") return {};
  if (sized === "entries") return { flows: entries };
  const pages = entries / WAYS;
  return program === "buckets4-narrow" ? { flows: pages, decisions: pages } : { flows: pages };
}

interface Opened extends Disposable {
  readonly loaded: LoadedObject;
}

async function open(subject: TableSubject, entries: number, idle: number | undefined): Promise<Opened> {
  const code = await compiled(subject.program);
  const open = new DisposableStack();
  // Tables that let a new flow replace the oldest have none.
  const waits = code.manifest.globals.some(({ name }) => name === "idle");
  const loaded = open.use(
    await load(code, {
      name: subject.program,
      maxEntries: sizesOf(subject, entries),
      constants:
        subject.sized === "pages" ? { last: entries - 1, ...(idle === undefined || !waits ? {} : { idle }) } : {},
    }),
  );
  if (subject.sized === "innerEntries") {
    const shape = code.manifest.maps.find(({ name }) => name === "flows")?.inner as MapData;
    // Only the one that runs has one: the others would stay empty.
    const inner = await createMap({ ...shape, maxEntries: entries });
    open.defer(() => inner.close());
    for (let cpu = 0; cpu < CPUS; cpu++)
      update(
        loaded.map("flows"),
        new Uint8Array(Uint32Array.of(cpu).buffer),
        new Uint8Array(Uint32Array.of(inner.fd).buffer),
      );
  }
  return { loaded, [Symbol.dispose]: () => open.dispose() };
}

async function familyRows(one: TableCase, family: 4 | 6, options: RoundOptions): Promise<TableRow[]> {
  const subjects = one.subjects.filter((subject) => subject.family === family);
  const frame = frameOf(family);
  using stack = new DisposableStack();
  const frames = await openVariedFrames(frame.bytes, one.flows, frame.vary);
  stack.defer(() => frames.map.close());
  const programs: Record<string, LoadedObject["programs"] extends ReadonlyMap<string, infer P> ? P | null : never> = {
    "": null,
  };
  for (const subject of subjects) {
    const { loaded } = stack.use(await open(subject, one.entries, one.idle));
    const program = loaded.program(subject.program.replaceAll("-", "_"));
    const { action } = testRun(program, { packet: frame.bytes });
    if (action !== Action.Transmit) throw new Error(`'${one.name}', ${subject.name}: action ${action}`);
    programs[subject.name] = program;
  }
  const times = await measure(programs, frames, options, null);
  const bare = times[""] as NonNullable<(typeof times)[string]>;
  return subjects.map(({ name }) => ({
    name: one.name,
    table: name,
    tableNs: net(times[name] as typeof bare, bare),
    flows: one.flows,
    entries: one.entries,
    pattern: one.pattern,
    frameBytes: frame.bytes.length,
    wrapperNs: { min: bare.min, median: bare.median },
  }));
}

export const measureTables = async (one: TableCase, options: RoundOptions): Promise<TableRow[]> => [
  ...(await familyRows(one, 4, options)),
  ...(await familyRows(one, 6, options)),
];
