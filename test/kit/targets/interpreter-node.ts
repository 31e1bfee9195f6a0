/** A node in the interpreter: its machine, and those of the services that were added to it, sharing the node's tables. */

import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import { createMachine, type Machine, type MachineOptions } from "../../../compiler/interpreter/index.ts";
import type { ConfigStore, LiveConfig } from "../../../runtime/config/live.ts";
import { word } from "../../../runtime/loader/word.ts";
import { EndpointSlots } from "../../../runtime/node/endpoints.ts";
import { Listeners } from "../../../runtime/node/listeners.ts";
import { type CountedQuotas, quotasOf } from "../../../runtime/node/quotas.ts";
import { isNodeMap, NODE_MAP, programPlace, shapesOf } from "../../../runtime/node/shapes.ts";
import { sieved } from "../../../runtime/node/sieve.ts";
import { OWN_INDEX, soleAmong } from "../../../runtime/node/sole.ts";
import { announce, type NodeState, type NodeTables, serviceStore } from "../../../runtime/node/store.ts";
import { type Underlay, underlayOf } from "../../../runtime/node/underlay.ts";
import { noSuchMap } from "../problems.ts";
import { interpretedRawMap } from "./interpreter-map.ts";
import type { Compiled } from "./target.ts";

export interface InterpretedService {
  readonly index: number;
  readonly machine: Machine;
  /** The store of its config, which also writes what belongs to the node. */
  readonly store: <Inner>(own: ConfigStore<Inner>) => ConfigStore<Inner>;
  /** From now on packets reach it. */
  open(config: LiveConfig): void;
  /** Its own program, where packets come in by that and not by the node's root. */
  readonly sole: string | null;
}

export interface InterpretedNode {
  readonly machine: Machine;
  readonly root: string;
  readonly underlay: Underlay;
  readonly quotas: CountedQuotas;
  /** `vni`: the network that it is in. */
  add(program: Compiled, vni: number): InterpretedService;
}

const mapOf = (machine: Machine, name: string) => {
  const map = machine.maps[name];
  if (map === undefined) throw new ZetaError([noSuchMap(null, name, Object.keys(machine.maps))]);
  return interpretedRawMap(map, machine);
};

/** Puts programs where the manifest says that jump tables hold them. */
function fillSlots({ manifest }: Compiled, machine: Machine): void {
  for (const { name, slot } of manifest?.programs ?? [])
    if (slot !== undefined) mapOf(machine, slot.map).insertProgram(word(slot.index), name);
}

/** Listeners that name no network listen in the service's own. */
function inNetwork<Inner>(store: ConfigStore<Inner>, { shapes }: NodeState, vni: number): ConfigStore<Inner> {
  const own = (map: string, key: Uint8Array): Uint8Array =>
    map === NODE_MAP.listen && vni !== 0 ? shapes.listenerIn(key, vni) : key;
  return {
    ...store,
    admit: (map, { added, gone }) =>
      store.admit?.(map, { added: added.map((key) => own(map, key)), gone: gone.map((key) => own(map, key)) }),
    write: (map, key, value, under) => store.write(map, own(map, key), value, under),
    remove: (map, key) => store.remove(map, own(map, key)),
  };
}

const tablesOf = (machine: Machine): NodeTables => ({
  read: (map, key) => mapOf(machine, map).lookup(key),
  write: (map, key, value) => mapOf(machine, map).update(key, value),
  remove: (map, key) => void mapOf(machine, map).delete(key),
});

export function interpretedNode(compiled: Compiled, options: MachineOptions): InterpretedNode {
  const { manifest } = compiled;
  if (manifest?.node === undefined) throw new TypeError(`${compiled.module.name} is no node.`);
  const machine = createMachine(compiled.module, options);
  fillSlots(compiled, machine);
  const names = ["the node"];
  const roomOf = (map: string): number => manifest.maps.find(({ name }) => name === map)?.maxEntries ?? 0;
  const tables = sieved(tablesOf(machine), manifest);
  const quotas = quotasOf(manifest, tables);
  const state: NodeState = {
    tables,
    quotas,
    shapes: shapesOf(manifest),
    slots: new EndpointSlots(roomOf(NODE_MAP.hops)),
    listeners: new Listeners(roomOf(NODE_MAP.listen)),
    nameOf: (index) => names[index] ?? "",
  };
  const added: Parameters<typeof soleAmong>[0][number][] = [];
  return {
    machine,
    root: manifest.node.root,
    underlay: underlayOf(manifest, state),
    quotas,
    add(program, vni) {
      const service = program.manifest?.service;
      if (service == null) throw new TypeError(`${program.module.name} declares no service.`);
      const index = names.push(service.name) - 1;
      const share = Object.fromEntries(Object.entries(machine.maps).filter(([name]) => isNodeMap(name)));
      const own = createMachine(program.module, { beside: machine, share, sourceRoot: program.folder ?? "" });
      if (program.manifest !== null && program.module.globals.some(({ name }) => name === OWN_INDEX))
        own.globals.get(OWN_INDEX)?.set(word(index));
      added.push({ vni, manifest: { service } });
      fillSlots(program, own);
      for (const hook of ["filter", "decide"] as const) {
        const name = service[hook];
        if (name === null) continue;
        const programs = interpretedRawMap(machine.maps[NODE_MAP.programs] as never, own);
        for (const parity of [0, 1]) programs.insertProgram(word(programPlace(index, hook, parity)), name);
      }
      return {
        index,
        machine: own,
        sole: soleAmong(added)?.program ?? null,
        store: (inner) => inNetwork(serviceStore(inner, state, index, service), state, vni),
        open(config) {
          announce(state, index, service, config.generation);
          if (service.listen === null)
            state.tables.write(NODE_MAP.listen, state.shapes.everything(vni), state.shapes.listening(index));
        },
      };
    },
  };
}
