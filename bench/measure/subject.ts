/** One side of a comparison: a loaded object whose maps are read and written by the layouts that both sides share. */

import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { compile } from "../../compiler/index.ts";
import { CONFIG_GLOBAL } from "../../runtime/config/plan.ts";
import {
  type AnyTypedMap,
  inNamespace,
  type LoadedObject,
  type LoadedProgram,
  load,
  type TestRunOptions,
  type TestRunResult,
  testRun,
  typedMap,
} from "../../runtime/index.ts";
import { isBundle, objectOf } from "../../runtime/loader/bundle.ts";
import { nodeBundle } from "../../runtime/node/bundle.ts";
import { type NodeOptions, openNode } from "../../runtime/node/node.ts";
import { NODE_MAP } from "../../runtime/node/shapes.ts";
import { sievePlace } from "../../runtime/node/sieve.ts";
import { parseAddress } from "../../sdk/layout/address.ts";
import { encode } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import { address, struct, u8, u16 } from "../../sdk/layout/layouts.ts";
import type { MapData } from "../../sdk/maps/data.ts";
import { type BenchCase, isOurs, sourceOf } from "../cases/case.ts";
import type { Compiled } from "../executed/world.ts";
import { type Entries, entries } from "./keyed.ts";
import { compileRival } from "./rival.ts";

const CPU = "v3";

/** Where packets come in: an interface, by its number in its network namespace. */
export interface Ingress {
  readonly namespace: string;
  readonly interface: number;
}

export interface Subject extends Disposable {
  readonly side: "ours" | "rival";
  readonly program: LoadedProgram;
  /** What may be entered, by tail call too, and the bytes that it was loaded from. */
  readonly code: readonly Compiled[];
  /** The maps that both sides declare alike, and may be compared by. */
  readonly mapNames: readonly string[];
  map(name: string): AnyTypedMap;
  /** Has the service stand behind an address; port 0 stands for every port. */
  listen(at: Listener): void;
  /** Makes the config of a generation serve. */
  switchTo(generation: number): void;
  /** Writes a global by its layout in our manifest. */
  setGlobal(name: string, value: unknown): void;
  run(options: Omit<TestRunOptions, "context">): TestRunResult;
}

/** Runs in the namespace of the interface that packets come in by; in ours, by the loopback, when there is none. */
export function runAt(program: LoadedProgram, options: TestRunOptions, ingress: Ingress | null): TestRunResult {
  if (ingress === null) return testRun(program, options);
  return inNamespace(ingress.namespace, () =>
    testRun(program, { ...options, context: { interface: ingress.interface } }),
  );
}

export interface Listener {
  readonly address: string;
  readonly port: number;
  readonly protocol: number;
}

interface Shapes {
  readonly maps: readonly MapData[];
  readonly globals: ReadonlyMap<string, LayoutData>;
}

interface Side {
  readonly side: Subject["side"];
  readonly program: LoadedProgram;
  readonly code: readonly Compiled[];
  /** The object that holds the maps which both sides declare alike. */
  readonly object: LoadedObject;
  readonly listen: (at: Listener) => void;
  readonly switchTo: (generation: number) => void;
  readonly close: () => void;
}

function subject(
  { side, program, code, object, listen, switchTo, close }: Side,
  shapes: Shapes,
  ingress: Ingress | null,
): Subject {
  const opened = new Map<string, AnyTypedMap>();
  return {
    side,
    program,
    code,
    mapNames: shapes.maps.map(({ name }) => name),
    map(name) {
      const data = shapes.maps.find((one) => one.name === name);
      if (data === undefined) throw new RangeError(`There is no map '${name}'.`);
      const map = opened.get(name) ?? typedMap(object.map(name), data);
      opened.set(name, map);
      return map;
    },
    listen,
    switchTo,
    setGlobal(name, value) {
      const layout = shapes.globals.get(name);
      if (layout === undefined) throw new RangeError(`There is no global '${name}'.`);
      // The C object comes without a manifest, so its globals are bytes.
      object.globals.write(name, side === "ours" ? value : encode(layout, value));
    },
    run: (options) => runAt(program, options, ingress),
    [Symbol.dispose]: close,
  };
}

export interface Pair extends Disposable {
  readonly ours: Subject;
  readonly rival: Subject;
}

const nowhere = (): void => {
  throw new TypeError("A plain program has no addresses and no config.");
};

type Compared = Pick<BenchCase, "source" | "rival" | "rivalFilters" | "room">;

/** What a rival calls the addresses that it stands behind. */
const LISTENERS: MapData = {
  name: "listeners",
  kind: "hash",
  key: struct({ address, port: u16, protocol: u8 }).layout,
  value: u8.layout,
  maxEntries: 1024,
  flags: 0,
  extra: 0,
  inner: null,
};

function entriesOf(object: LoadedObject, data: MapData | undefined): Entries {
  if (data === undefined) throw new RangeError("There is no such map.");
  return entries(typedMap(object.map(data.name), data));
}

/** Of a listener: it is of every config (bpf-lib/node/listen.ts). */
const ANY_GENERATION = 0x3_0000;

async function compiled(source: string, filters: "fused" | "tail-calls" = "fused") {
  const result = await compile(source, { cpu: CPU, filters });
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  return { object: result.code.object, manifest: result.manifest };
}

/** A node that forgets its flows at once, so that new ones always find room. */
export const FORGETFUL = {
  zeta_idle: { opening: 0, established: 0, closing: 0, udp: 0, icmp: 0, other: 0 },
};

const nodeOptions = (room: number | undefined): NodeOptions =>
  room === undefined ? { load: { cpu: CPU } } : { flows: room, load: { cpu: CPU, constants: FORGETFUL } };

/** A program by itself, or a service on a node, whose packets enter by the node's root. */
async function loadOurs(
  source: { readonly object: Uint8Array; readonly manifest: Manifest },
  room: number | undefined,
): Promise<Side> {
  if (source.manifest.service === null) {
    const object = await load(source);
    const program = object.program(source.manifest.programs[0]?.name ?? "");
    const code = [{ bytes: source.object, object }];
    return { side: "ours", program, code, object, listen: nowhere, switchTo: nowhere, close: object.close };
  }
  const node = await openNode(nodeOptions(room));
  try {
    const { object, index } = await node.add(source, { config: "later" });
    const own = await nodeBundle();
    const bytes = isBundle(own) ? await objectOf(own, CPU) : own.object;
    const tableOf = (name: string) =>
      entriesOf(
        node.object,
        node.manifest.maps.find((map) => map.name === name),
      );
    return {
      side: "ours",
      program: node.entry(),
      code: [
        { bytes, object: node.object },
        { bytes: source.object, object },
      ],
      object,
      listen(at) {
        tableOf(NODE_MAP.listen).set({ ...at, vni: 0 }, index | ANY_GENERATION);
        const place = sievePlace(parseAddress(at.address) ?? 0n, 0);
        const sieve = tableOf(NODE_MAP.sieve);
        sieve.set(place >> 6, (sieve.get(place >> 6) as bigint) | (1n << BigInt(place & 63)));
      },
      switchTo(generation) {
        const records = tableOf(NODE_MAP.services);
        records.set(index, { ...(records.get(index) as object), generation });
      },
      close: node.close,
    };
  } catch (error) {
    node.close();
    throw error;
  }
}

/** A rival is one program, called as its file is. */
async function loadRival({ rival: name, rivalFilters, room }: Compared): Promise<Side> {
  if (isOurs(name)) return loadOurs(await compiled(sourceOf({ source: name }), rivalFilters), room);
  const bytes = compileRival(name);
  const object = await load(bytes, { name });
  const program = [...object.programs.values()][0];
  if (program === undefined) throw new TypeError(`${name} has no program.`);
  return {
    side: "rival",
    program,
    code: [{ bytes, object }],
    object,
    listen: (at) => entriesOf(object, LISTENERS).set(at, 1),
    switchTo: (generation) => object.globals.storeWord(CONFIG_GLOBAL, 0, generation),
    close: object.close,
  };
}

/** Compiles and loads both sides: our program from its source, the rival from C, for the same instruction set. */
export async function loadPair(one: Compared, ingress: Ingress | null): Promise<Pair> {
  const made = await compiled(sourceOf(one));
  const { manifest } = made;
  const ours = await loadOurs(made, one.room);
  try {
    const other = await loadRival(one);
    const declared = new Set(other.object.maps.keys());
    const shapes: Shapes = {
      maps: manifest.maps.filter(({ name }) => declared.has(name)),
      globals: new Map(manifest.globals.map(({ name, layout }) => [name, layout])),
    };
    return {
      ours: subject(ours, shapes, ingress),
      rival: subject(other, shapes, ingress),
      [Symbol.dispose]() {
        ours.close();
        other.close();
      },
    };
  } catch (error) {
    ours.close();
    throw error;
  }
}
