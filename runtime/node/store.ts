/**
 * The config of a service on a node. What is the service's alone goes to its own maps; its addresses and endpoints go to
 * the node's tables, and the node learns the generation that serves.
 */

import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { decode } from "../../sdk/layout/codec.ts";
import { PLACE } from "../config/listener.ts";
import type { Admitted, ConfigStore } from "../config/live.ts";
import { failure } from "../loader/problems.ts";
import { word } from "../loader/word.ts";
import type { EndpointSlots } from "./endpoints.ts";
import type { Listeners } from "./listeners.ts";
import { addressTaken, endpointsFull, listenersFull } from "./problems.ts";
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
  readonly listeners: Listeners;
  readonly quotas: Quotas;
  /** The name of a service by its index. */
  readonly nameOf: (index: number) => string;
}

type Service = NonNullable<Manifest["service"]>;

const hex = (key: Uint8Array): string => Buffer.from(key).toString("hex");

function admitListener({ tables, shapes, nameOf }: NodeState, index: number, key: Uint8Array): void {
  const holder = tables.read(NODE_MAP.listen, key);
  if (holder === null || shapes.listenedBy(holder) === index) return;
  throw failure(addressTaken(null, shapes.listenerText(key), nameOf(shapes.listenedBy(holder))));
}

/**
 * Whether entries can come into a map of the node, before any does: none of them is another service's, and there is room.
 * Listeners that go are there together with those that come, until no packet needs them; endpoints go before others come.
 * @throws ZT8001, ZT8002, ZT8005.
 */
export function admitAll(node: NodeState, index: number, map: string, { added, gone }: Admitted): void {
  if (map === NODE_MAP.listen) {
    if (!node.listeners.fits(added.map(hex))) throw failure(listenersFull(null, node.listeners.most));
    for (const key of added) admitListener(node, index, key);
  } else if (map === NODE_MAP.endpoints && !node.slots.fits(added.map(hex), gone.map(hex), index))
    throw failure(endpointsFull(null, node.slots.most));
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
    admit: (map, entries) => admitAll(node, index, map, entries),
    write(map, key, value, under) {
      if (map === NODE_MAP.listen) {
        node.tables.write(map, key, node.shapes.listening(index, under));
        node.listeners.enter(hex(key));
      } else if (map === NODE_MAP.endpoints) holdEndpoint(node, index, key, decode(PLACE, value) as unknown as Place);
      else own.write(map, key, value);
    },
    remove(map, key) {
      if (map === NODE_MAP.endpoints) releaseEndpoint(node, index, key);
      else if (map === NODE_MAP.listen) {
        node.tables.remove(map, key);
        node.listeners.leave(hex(key));
      } else own.remove(map, key);
    },
  };
}
