/** A forwarder or a flow-table node in the interpreter. */
import type { Machine, Run } from "../../../compiler/interpreter/index.ts";
import { type DataPlane, dataPlaneOf } from "../../../runtime/cluster/data-plane.ts";
import type { LiveConfig } from "../../../runtime/config/live.ts";
import { word } from "../../../runtime/loader/word.ts";
import { constantsOf, type NodeRole } from "../../../runtime/node/bundle.ts";
import { CONSULT } from "../../../runtime/node/node.ts";
import { MOST_REASONS, NODE_MAP, programPlace } from "../../../runtime/node/shapes.ts";
import type { Underlay } from "../../../runtime/node/underlay.ts";
import { decode } from "../../../sdk/layout/codec.ts";
import { clusterNode, moduleOf } from "../targets/compile.ts";
import { globalsOf } from "../targets/globals.ts";
import { interpretedConfig } from "../targets/interpreter-config.ts";
import { interpretedRawMap } from "../targets/interpreter-map.ts";
import { type InterpretedService, interpretedNode } from "../targets/interpreter-node.ts";
import type { Compiled, Source } from "../targets/target.ts";
import { type TestClock, testClock } from "../targets/test-clock.ts";

export type Role = Exclude<NodeRole, "single">;

/** A service that every member has, under the same index. */
export interface ClusterService {
  readonly source: Source;
  readonly config: Readonly<Record<string, unknown>>;
  readonly vni?: number;
}

export interface Member {
  readonly role: Role;
  readonly machine: Machine;
  readonly dataPlane: DataPlane;
  readonly underlay: Underlay;
  readonly services: readonly InterpretedService[];
  /** Of each service. */
  readonly configs: readonly LiveConfig[];
  run(frame: Uint8Array, ingressInterface: number): Run;
  advance(by: bigint): void;
  /** What the node itself has dropped, by reason, of all services. */
  drops(): Readonly<Record<string, number>>;
}

const globals = (on: Compiled, { globals: of }: Machine) =>
  globalsOf(
    on.module,
    (name) => of.get(name),
    (name, bytes) => of.set(name, bytes),
  );

export interface MemberOptions {
  readonly role: Role;
  readonly services: readonly ClusterService[];
  /** Set on the node and on its part in the cluster alike. */
  readonly constants?: Readonly<Record<string, unknown>>;
}

export async function openMember({ role, services, constants = {} }: MemberOptions): Promise<Member> {
  const part = await clusterNode(role);
  let now = 0n;
  const node = await interpretedNode(part, { now: () => now, random: 0 });
  const { machine } = node;
  const clocks: TestClock[] = [];
  const prepare = (on: Compiled, one: Machine): void => {
    const own = globals(on, one);
    for (const [name, value] of Object.entries({ ...constantsOf(role), ...constants }))
      if (own.names.includes(name)) own.set(name, value);
    clocks.push(testClock(own, {}));
  };
  prepare(part, machine);
  const added: InterpretedService[] = [];
  const configs: LiveConfig[] = [];
  for (const { source, config, vni } of services) {
    const program = await moduleOf(source);
    const one = node.add(program, vni ?? 0);
    prepare(program, one.machine);
    const live = await interpretedConfig(program.manifest as never, one.machine, one.store);
    configs.push(live);
    one.open(live);
    for (const [path, value] of Object.entries(config)) live.set(path, value);
    added.push(one);
  }
  if (role === "forwarder") {
    const programs = interpretedRawMap(machine.maps[NODE_MAP.programs] as never, machine);
    for (const { index } of added)
      for (const parity of [0, 1]) programs.insertProgram(word(programPlace(index, "decide", parity)), CONSULT);
  }
  const { manifest } = part;
  if (manifest === null) throw new TypeError("A part without a manifest.");
  const dataPlane = dataPlaneOf(manifest, {
    write: (map, key, value) => interpretedRawMap(machine.maps[map] as never, machine).update(key, value),
  });
  for (const [place, { source }] of services.entries()) {
    const { manifest: own } = await moduleOf(source);
    if (own?.service) dataPlane.service(added[place]?.index ?? 0, own.service);
  }
  const nameOf = manifest.node?.drops ?? [];
  return {
    role,
    machine,
    dataPlane,
    underlay: node.underlay,
    services: added,
    configs,
    run: (frame, ingressInterface) => machine.run(node.root, frame, { ingressInterface }),
    advance(by) {
      now += by;
      for (const clock of clocks) clock.advance(by);
    },
    drops() {
      const map = interpretedRawMap(machine.maps[NODE_MAP.drops] as never, machine);
      const counts: Record<string, number> = {};
      for (const [key, value] of map.entries()) {
        const at = Buffer.from(key).readUInt32LE();
        const count = Number(decode({ kind: "scalar", type: "u64", size: 8, align: 8, order: "little" }, value));
        const name = (nameOf[at % MOST_REASONS] ?? `reason ${at % MOST_REASONS}`).replace(/^service: /, "");
        if (count > 0) counts[name] = (counts[name] ?? 0) + count;
      }
      return counts;
    },
  };
}
