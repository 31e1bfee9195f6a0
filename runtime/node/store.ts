/**
 * The config of a service on a node. What is the service's alone goes to its own maps; its addresses and endpoints go to
 * the node's tables, and the node learns the generation that serves.
 */

import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { decode } from "../../sdk/layout/codec.ts";
import { PLACE } from "../config/listener.ts";
import type { ConfigStore } from "../config/live.ts";
import { failure } from "../loader/problems.ts";
import { word } from "../loader/word.ts";
import type { EndpointSlots } from "./endpoints.ts";
import { addressTaken, endpointsFull } from "./problems.ts";
import type { Quotas } from "./quotas.ts";
import { NODE_MAP, type NodeShapes, type Place } from "./shapes.ts";

/** What a node's tables are written through: the kernel's maps, or the interpreter's. */
export interface NodeTables {
  read(map: string, key: Uint8Array): Uint8Array | null;
  write(map: string, key: Uint8Array, value: Uint8Array): void;
  remove(map: string, key: Uint8Array): void;
}

/** What services of one node have in common. */
export interface NodeState {
  readonly tables: NodeTables;
  readonly shapes: NodeShapes;
  readonly slots: EndpointSlots;
  readonly quotas: Quotas;
  /** The name of a service by its index. */
  readonly nameOf: (index: number) => string;
}

type Service = NonNullable<Manifest["service"]>;

const hex = (key: Uint8Array): string => Buffer.from(key).toString("hex");

/** @throws ZT8001 when another service listens there. */
export function admitListener({ tables, shapes, nameOf }: NodeState, index: number, key: Uint8Array): void {
  const holder = tables.read(NODE_MAP.listen, key);
  if (holder === null || shapes.listenedBy(holder) === index) return;
  throw failure(addressTaken(null, shapes.listenerText(key), nameOf(shapes.listenedBy(holder))));
}

function holdEndpoint({ tables, shapes, slots }: NodeState, index: number, key: Uint8Array, place: Place): void {
  const slot = slots.take(hex(key), index);
  if (slot === null) throw failure(endpointsFull(null, slots.most));
  tables.write(NODE_MAP.hops, word(slot), shapes.station(place));
  tables.write(NODE_MAP.endpoints, key, word(slot));
}

function releaseEndpoint({ tables, shapes, slots }: NodeState, index: number, key: Uint8Array): void {
  const slot = slots.release(hex(key), index);
  // Another service still delivers there.
  if (slot === null) return;
  tables.remove(NODE_MAP.endpoints, key);
  tables.write(NODE_MAP.hops, word(slot), shapes.noHop());
}

/** Writes the service's record: from then on packets may reach its programs. */
export const announce = ({ tables, shapes }: NodeState, index: number, service: Service, generation: number): void =>
  tables.write(NODE_MAP.services, word(index), shapes.record(service, generation));

export function serviceStore<Inner>(
  own: ConfigStore<Inner>,
  node: NodeState,
  index: number,
  service: Service,
): ConfigStore<Inner> {
  return {
    ...own,
    switchTo(generation) {
      own.switchTo(generation);
      announce(node, index, service, generation);
    },
    admit(map, key) {
      if (map === NODE_MAP.listen) admitListener(node, index, key);
    },
    write(map, key, value, under) {
      if (map === NODE_MAP.listen) node.tables.write(map, key, node.shapes.listening(index, under));
      else if (map === NODE_MAP.endpoints) holdEndpoint(node, index, key, decode(PLACE, value) as unknown as Place);
      else own.write(map, key, value);
    },
    remove(map, key) {
      if (map === NODE_MAP.endpoints) releaseEndpoint(node, index, key);
      else if (map === NODE_MAP.listen) node.tables.remove(map, key);
      else own.remove(map, key);
    },
  };
}
