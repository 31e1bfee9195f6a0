/**
 * A node's packets, followed. While it lasts, programs that tell stand in the places of the node's own: stage by stage in the
 * jump table, and on every interface by an update of its link, so that no packet is lost. Afterwards the node's own stand
 * there again, and nothing is left.
 */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { decode } from "../../sdk/layout/codec.ts";
import { waitForPrograms } from "../loader/grace.ts";
import { type LoadedObject, type LoadOptions, load } from "../loader/load.ts";
import { lookup, remove, update, valueStride } from "../loader/map-operations.ts";
import { failure } from "../loader/problems.ts";
import type { LoadedProgram } from "../loader/program.ts";
import { type RingReader, readRing } from "../loader/ring-buffer.ts";
import { word } from "../loader/word.ts";
import { nodeBundle, TRACED_PROGRAMS } from "../node/bundle.ts";
import type { Node } from "../node/node.ts";
import { noSuchService } from "../node/problems.ts";
import { layoutOf, NODE_MAP } from "../node/shapes.ts";
import { type TraceOptions, traceConstant } from "./choose.ts";
import { traceDecoder } from "./decode.ts";
import { guarded, type ToldService } from "./guarded.ts";
import type { TraceRecord } from "./records.ts";

/** Leaving the loop (break, return, throw) ends the trace. It has one consumer. */
export interface Trace extends AsyncIterableIterator<TraceRecord> {
  /** What stands on the interfaces while it lasts. */
  readonly root: LoadedProgram;
  /** Records that found no room, since whoever reads was too slow: their packets are told in part, or not at all. */
  lost(): bigint;
  /** Ends it: the node's own programs stand in their places again. Safe to call twice. */
  close(): void;
  return(): Promise<IteratorReturnResult<undefined>>;
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

type Place = Pick<Node, "manifest" | "object" | "root" | "entry" | "services">;

/** What a node has done while a trace lasts. */
export interface Telling {
  /** Services that tell what each of their middleboxes decides, once it has begun. */
  readonly services: readonly ToldService[];
  ended(): void;
}
/** The program that watches over all others (bpf-lib/trace/watch.ts). */
const WATCH = "zeta_watch";

/** The stages of an object by their places in the jump table. */
function stagesOf(object: LoadedObject): Map<number, LoadedProgram> {
  const stages = new Map<number, LoadedProgram>();
  for (const { name, slot } of object.manifest?.programs ?? [])
    if (slot?.map === NODE_MAP.stages) stages.set(slot.index, object.program(name));
  return stages;
}

/** Where the data plane goes on without this process: what gives up the guard over it. */
async function guard(node: Place, source: Manifest, services: readonly ToldService[]): Promise<() => void> {
  // The root, also where a sole service stands before it: that takes any packet, whatever changes while the trace lasts.
  const root = node.object.program(node.root);
  const links = [...node.entry().attachments].filter(({ pinned }) => pinned).map(({ fd }) => fd);
  if (links.length === 0) return () => undefined;
  const own = stagesOf(node.object);
  const places = (source.programs ?? []).flatMap(({ slot }) => (slot?.map === NODE_MAP.stages ? [slot.index] : []));
  return guarded({
    root: root.fd,
    links,
    stages: {
      table: node.object.map(NODE_MAP.stages).fd,
      own: [...own].map(([place, { fd }]) => ({ place, program: fd })),
    },
    more: places.filter((place) => !own.has(place)),
    programs: node.object.map(NODE_MAP.programs).fd,
    services: services.flatMap(({ places: at, told, decide }) =>
      at.map((place) => ({ place, told: told.id, program: decide.fd })),
    ),
  });
}

/** Puts the node's own programs in their places. What holds an interface no more stays as it is. */
function restore(node: Place, traced: LoadedObject): void {
  for (const attachment of [...traced.program(WATCH).attachments]) attachment.replaceBy(node.entry());
  const table = node.object.map(NODE_MAP.stages);
  const own = stagesOf(node.object);
  for (const [index, program] of own) update(table, word(index), word(program.fd));
  // Packets that are under way may still be between programs that tell.
  waitForPrograms();
  for (const index of stagesOf(traced).keys()) if (!own.has(index)) remove(table, word(index));
}

/**
 * Loads the programs that tell, sharing all tables, and has them take over. Loading puts them into the jump table: they tell
 * nothing before the one that watches is on an interface.
 */
async function takeOver(
  node: Place,
  loading: Pick<LoadOptions, "cpu" | "constants">,
  chosen: object,
): Promise<LoadedObject> {
  const source = await nodeBundle(TRACED_PROGRAMS);
  const shared = source.manifest.maps.flatMap(({ name }) => node.object.maps.get(name) ?? []);
  const traced = await load(source, {
    ...loading,
    constants: { ...loading.constants, zeta_trace: chosen },
    maps: Object.fromEntries(shared.map((map) => [map.name, map])),
    maxEntries: Object.fromEntries(shared.map((map) => [map.name, map.maxEntries])),
  });
  try {
    const [own, theirs] = [node.manifest.node?.drops, source.manifest.node?.drops];
    if (String(own) !== String(theirs)) throw new TypeError("The programs that trace count drops in another order.");
    for (const attachment of [...node.entry().attachments]) attachment.replaceBy(traced.program(WATCH));
    return traced;
  } catch (error) {
    restore(node, traced);
    traced.close();
    throw error;
  }
}

function lostIn(traced: LoadedObject): bigint {
  const map = traced.map(NODE_MAP.traceMark);
  const layout = layoutOf(traced.manifest as NonNullable<LoadedObject["manifest"]>, NODE_MAP.traceMark, "value");
  const bytes = lookup(map, word(0));
  if (bytes === null) return 0n;
  let sum = 0n;
  for (let cpu = 0; cpu < map.copies; cpu++)
    sum += (decode(layout, bytes, cpu * valueStride(map)) as { readonly lost: bigint }).lost;
  return sum;
}

/** Awaits records; ends when the ring is closed. */
function reader(ring: RingReader, traced: LoadedObject, node: Place) {
  const { manifest } = traced;
  if (manifest === null) throw new TypeError("The programs that trace have no manifest.");
  const services = () => [...node.services.values()];
  const decodeNext = traceDecoder(manifest, (index) => {
    const found = services().find((one) => one.index === index);
    const service = found?.manifest.service;
    if (found === undefined || service === undefined || service === null) return null;
    const chain = (service.chain ?? []).map((link, at) => ({ ...link, name: service.middleboxes[at] ?? "" }));
    return { name: found.name, drops: service.drops, chain };
  });
  let raw: Uint8Array[] = [];
  const ready: TraceRecord[] = [];
  return async (isOpen: () => boolean): Promise<TraceRecord | null> => {
    for (;;) {
      const next = ready.shift();
      if (next !== undefined) return next;
      if (!isOpen()) return null;
      for (const one of raw) ready.push(...decodeNext(one));
      raw = [];
      if (ready.length > 0) continue;
      raw = ring.take();
      if (raw.length === 0) await ring.ready();
    }
  };
}

/** @throws ZT8121, ZT8122, ZT8101, and whatever `load` throws; nothing has changed then. */
export async function startTrace(
  node: Place,
  loading: Pick<LoadOptions, "cpu" | "constants">,
  options: TraceOptions,
  { services, ended }: Telling,
): Promise<Trace> {
  const chosen = traceConstant(options, (name) => {
    const service = node.services.get(name);
    if (service === undefined) throw failure(noSuchService(null, name, [...node.services.keys()]));
    return service.index;
  });
  const release = await guard(node, (await nodeBundle(TRACED_PROGRAMS)).manifest, services);
  const traced = await takeOver(node, loading, chosen).catch((error: unknown) => {
    release();
    throw error;
  });
  const ring = readRing(traced.map(NODE_MAP.trace));
  const read = reader(ring, traced, node);
  let open = true;
  let lostAtClose = 0n;

  const close = (): void => {
    if (!open) return;
    open = false;
    try {
      restore(node, traced);
      lostAtClose = lostIn(traced);
    } finally {
      ring.close();
      traced.close();
      ended();
      release();
    }
  };
  let last: Promise<unknown> = Promise.resolve();
  const step = async (): Promise<IteratorResult<TraceRecord, undefined>> => {
    const value = await read(() => open);
    return value === null ? { done: true, value: undefined } : { done: false, value };
  };
  const trace: Trace = {
    root: traced.program(WATCH),
    lost: () => (open ? lostIn(traced) : lostAtClose),
    close,
    next() {
      // One after another, as generators do.
      const result = last.then(step);
      last = result.catch(() => undefined);
      return result;
    },
    async return() {
      close();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => trace,
    [Symbol.dispose]: close,
    [Symbol.asyncDispose]: async () => close(),
  };
  return trace;
}
