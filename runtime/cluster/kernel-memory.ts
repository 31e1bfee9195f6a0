/** The tables of a flow-table node in the kernel: mapped into this process, and frames that are sent by test runs. */

import { encode } from "../../sdk/layout/codec.ts";
import { roundUp } from "../../sdk/layout/data.ts";
import { type MapMemory, openMemory } from "../loader/map-memory.ts";
import { push } from "../loader/map-operations.ts";
import { inNamespace } from "../loader/network-namespace.ts";
import { LIVE_FRAMES, testRun } from "../loader/test-run.ts";
import { offsets, wayLayout } from "../node/flow-ways.ts";
import type { Node } from "../node/node.ts";
import { layoutOf } from "../node/shapes.ts";
import { spansNow } from "../node/spans.ts";
import {
  FLOWS_MAP,
  JOBS_MAP,
  KEPT_MAP,
  type TableFamily,
  type TableMemory,
  TRANSFER_FRAME,
  TRANSFER_PROGRAM,
} from "./table-memory.ts";

interface Mapped {
  readonly ways: MapMemory;
  readonly waySize: number;
  readonly until: number;
  readonly kept: MapMemory;
  readonly keptSize: number;
}

const view = (bytes: Uint8Array, at: number, length: number): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset + at, length);

/**
 * Dispose of it before the node is closed. Nothing is mapped before it is asked for. `namespace`: where the node's interfaces are,
 * if not in this process's; frames leave from there.
 */
export function kernelMemory(
  { manifest, object }: Pick<Node, "manifest" | "object">,
  namespace: string | null = null,
): TableMemory & Disposable {
  const mapped = new Map<TableFamily, Mapped>();
  const of = (family: TableFamily): Mapped => {
    const known = mapped.get(family);
    if (known !== undefined) return known;
    const way = wayLayout(manifest.maps.find(({ name }) => name === FLOWS_MAP[family]));
    if (way === null) throw new TypeError(`The node has no table '${FLOWS_MAP[family]}'.`);
    const kept = object.map(KEPT_MAP[family]);
    const made: Mapped = {
      ways: openMemory(object.map(FLOWS_MAP[family])),
      waySize: way.size,
      until: offsets(way)("until"),
      kept: openMemory(kept),
      keptSize: roundUp(kept.valueSize, 8),
    };
    mapped.set(family, made);
    return made;
  };
  const there = <T>(work: () => T): T => (namespace === null ? work() : inNamespace(namespace, work));
  return {
    *ways(family) {
      const { bytes } = of(family).ways;
      yield { first: 0, bytes: view(bytes, 0, bytes.byteLength) };
    },
    way(family, index) {
      const { ways, waySize } = of(family);
      return view(ways.bytes, index * waySize, waySize);
    },
    kept(family, index) {
      const { kept, keptSize } = of(family);
      return view(kept.bytes, index * keptSize, keptSize);
    },
    end(family, index) {
      const { ways, waySize, until } = of(family);
      ways.store(index * waySize + until, 0);
    },
    bring(family, jobs) {
      const queue = object.map(JOBS_MAP[family]);
      const layout = layoutOf(manifest, JOBS_MAP[family], "value");
      for (const job of jobs) push(queue, encode(layout, job), true);
      const packet = new Uint8Array(TRANSFER_FRAME[family]);
      const program = object.program(TRANSFER_PROGRAM[family]);
      there(() => testRun(program, { packet, repeat: jobs.length, flags: LIVE_FRAMES }));
    },
    now: () => spansNow(object),
    [Symbol.dispose]() {
      for (const { ways, kept } of mapped.values()) {
        ways[Symbol.dispose]();
        kept[Symbol.dispose]();
      }
      mapped.clear();
    },
  };
}
