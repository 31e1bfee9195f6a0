/** The tables of a flow-table node in the interpreter, as its agent has them. */
import type { Machine, Run } from "../../../compiler/interpreter/index.ts";
import {
  FLOWS_MAP,
  JOBS_MAP,
  KEPT_MAP,
  type TableFamily,
  type TableMemory,
  TRANSFER_FRAME,
  TRANSFER_PROGRAM,
} from "../../../runtime/cluster/table-memory.ts";
import { word } from "../../../runtime/loader/word.ts";
import { WAYS_OF_A_PAGE } from "../../../runtime/node/flow-tables.ts";
import { offsets, wayLayout } from "../../../runtime/node/flow-ways.ts";
import { layoutOf } from "../../../runtime/node/shapes.ts";
import { encode } from "../../../sdk/layout/codec.ts";
import { interpretedRawMap } from "../targets/interpreter-map.ts";
import type { Compiled } from "../targets/target.ts";

/** Indices of the last ways: set before loading. */
const LAST: Readonly<Record<TableFamily, string>> = { 4: "zeta_last4", 6: "zeta_last6" };

const viewOf = (bytes: Uint8Array | null): DataView => {
  if (bytes === null) throw new TypeError("There is no such entry.");
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};

/** `sent`: what the node sends of itself. */
export function memberMemory({ manifest }: Compiled, machine: Machine, sent: (run: Run) => void): TableMemory {
  if (manifest === null) throw new TypeError("A part without a manifest.");
  const map = (name: string) => interpretedRawMap(machine.maps[name] as never, machine);
  const sizeOf = (family: TableFamily) => {
    const way = wayLayout(manifest.maps.find(({ name }) => name === FLOWS_MAP[family]));
    if (way === null) throw new TypeError("The node has no flow tables.");
    return { size: way.size, until: offsets(way)("until") };
  };
  const pageOf = (family: TableFamily, index: number): Uint8Array => {
    const page = map(FLOWS_MAP[family]).lookup(word(Math.floor(index / WAYS_OF_A_PAGE)));
    if (page === null) throw new TypeError("There is no such way.");
    return page;
  };
  return {
    *ways(family) {
      const last = viewOf(machine.globals.get(LAST[family]) ?? null).getUint32(0, true);
      for (let first = 0; first <= last; first += WAYS_OF_A_PAGE) yield { first, bytes: viewOf(pageOf(family, first)) };
    },
    way(family, index) {
      const { size } = sizeOf(family);
      const at = (index % WAYS_OF_A_PAGE) * size;
      return viewOf(pageOf(family, index).slice(at, at + size));
    },
    kept: (family, index) => viewOf(map(KEPT_MAP[family]).lookup(word(index))),
    end(family, index) {
      const { size, until } = sizeOf(family);
      const page = pageOf(family, index);
      viewOf(page).setUint32((index % WAYS_OF_A_PAGE) * size + until, 0, true);
      map(FLOWS_MAP[family]).update(word(Math.floor(index / WAYS_OF_A_PAGE)), page);
    },
    bring(family, jobs) {
      const queue = map(JOBS_MAP[family]);
      const layout = layoutOf(manifest, JOBS_MAP[family], "value");
      for (const job of jobs) queue.push(encode(layout, job));
      for (const _ of jobs) sent(machine.run(TRANSFER_PROGRAM[family], new Uint8Array(TRANSFER_FRAME[family]), {}));
    },
    now: () => machine.run("zeta_now", new Uint8Array(TRANSFER_FRAME[4]), {}).action,
  };
}
