/** A forwarder or a flow-table node in the interpreter. */
import type { Manifest } from "../../../compiler/bundle/manifest.ts";
import type { Machine, MachineOptions, Run } from "../../../compiler/interpreter/index.ts";
import { BOUNCES, BOUNCES_MAP } from "../../../runtime/cluster/bounces.ts";
import { type DataPlane, dataPlaneOf } from "../../../runtime/cluster/data-plane.ts";
import type { TableMemory } from "../../../runtime/cluster/table-memory.ts";
import type { LiveConfig } from "../../../runtime/config/live.ts";
import { word } from "../../../runtime/loader/word.ts";
import { constantsOf, type NodeRole } from "../../../runtime/node/bundle.ts";
import { FLOW_TABLES, tableConstants, waysFor } from "../../../runtime/node/flow-tables.ts";
import { wayLayout } from "../../../runtime/node/flow-ways.ts";
import { wayReader } from "../../../runtime/node/flows.ts";
import { CONSULT } from "../../../runtime/node/hooks.ts";
import { MOST_REASONS, NODE_MAP, programPlace } from "../../../runtime/node/shapes.ts";
import type { Underlay } from "../../../runtime/node/underlay.ts";
import { clusterNode, moduleOf } from "../targets/compile.ts";
import { globalsOf } from "../targets/globals.ts";
import { type ConfigParts, configParts, interpretedConfig } from "../targets/interpreter-config.ts";
import { interpretedRawMap } from "../targets/interpreter-map.ts";
import { type InterpretedService, interpretedNode } from "../targets/interpreter-node.ts";
import type { RawMap } from "../targets/map.ts";
import type { Compiled, Source, TestGlobals } from "../targets/target.ts";
import { type TestClock, testClock } from "../targets/test-clock.ts";
import { memberMemory } from "./member-memory.ts";

/** An entry across the families counts, wherever its packets go. */
const ANY_ENDS = { source: 0n, destination: 0n, sourcePort: 0, destinationPort: 0 };

export type Role = Exclude<NodeRole, "single">;

/** A service that every member has, under the same index. */
export interface ClusterService {
  readonly source: Source;
  readonly config: Readonly<Record<string, unknown>>;
  readonly vni?: number;
}

export interface Member {
  readonly role: Role;
  readonly manifest: Manifest;
  readonly machine: Machine;
  readonly dataPlane: DataPlane;
  readonly underlay: Underlay;
  readonly services: readonly InterpretedService[];
  /** Of each service. */
  readonly configs: readonly LiveConfig[];
  run(frame: Uint8Array, ingressInterface: number): Run;
  advance(by: bigint): void;
  /** Nanoseconds since it was opened. */
  clock(): bigint;
  /** What the node itself has dropped, by reason, of all services. */
  drops(): Readonly<Record<string, number>>;
  /** What it has sent back, or asked about again, by reason. */
  bounces(): Readonly<Record<string, number>>;
  /** How many flows it has, each direction counted for one. */
  flows(): number;
  /** Its tables, as its agent has them; null on forwarders. `sent`: what it sends of itself. */
  memory(sent: (run: Run) => void): TableMemory | null;
  close(): void;
}

const globals = (on: Compiled, { globals: of }: Machine) =>
  globalsOf(
    on.module,
    (name) => of.get(name),
    (name, bytes) => of.set(name, bytes),
  );

const sum = (values: Uint8Array): number => {
  const bytes = Buffer.from(values);
  let total = 0n;
  for (let at = 0; at < bytes.length; at += 8) total += bytes.readBigUInt64LE(at);
  return Number(total);
};

/** Drops by reason, of the node itself and of so many services; `read` gives the counts of all CPUs at an index. */
export function dropsBy(
  reasons: readonly string[],
  services: number,
  read: (index: number) => Uint8Array | null,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let service = 0; service <= services; service++)
    for (const [reason, full] of reasons.entries()) {
      const count = sum(read(service * MOST_REASONS + reason) ?? new Uint8Array());
      const name = full.replace(/^service: /, "");
      if (count > 0) counts[name] = (counts[name] ?? 0) + count;
    }
  return counts;
}

/** What went back, by reason; `read` as above. */
const bouncesBy = (read: (index: number) => Uint8Array | null): Record<string, number> =>
  Object.fromEntries(
    BOUNCES.map((name, index) => [name, sum(read(index) ?? new Uint8Array())] as const).filter(
      ([, count]) => count > 0,
    ),
  );

export interface MemberOptions {
  readonly role: Role;
  readonly services: readonly ClusterService[];
  /** Set on the node and on its part in the cluster alike. */
  readonly constants?: Readonly<Record<string, unknown>>;
  /** Room for so many in each family's table. */
  readonly flows?: number;
}

/** All that a member is made of, compiled: so it can be made at once, as often as wanted. */
export interface MemberParts {
  readonly role: Role;
  readonly node: Compiled;
  readonly services: readonly {
    readonly program: Compiled;
    readonly config: Readonly<Record<string, unknown>>;
    readonly vni: number;
  }[];
  readonly constants: Readonly<Record<string, unknown>>;
  readonly configParts: ConfigParts;
}

export async function memberParts({
  role,
  services,
  constants = {},
  flows = 1000,
}: MemberOptions): Promise<MemberParts> {
  const of = async ({ source, config, vni = 0 }: ClusterService) => ({ program: await moduleOf(source), config, vni });
  return {
    role,
    node: await clusterNode(role),
    services: await Promise.all(services.map(of)),
    // Its maps are larger: what is beyond stays empty.
    constants: { ...tableConstants(waysFor(flows)), ...constants },
    configParts: await configParts(),
  };
}

/** `prepared` sees each machine before packets do. */
export function makeMember(
  { role, node: part, services, constants, configParts: by }: MemberParts,
  options: MachineOptions,
  prepared: (own: TestGlobals) => void = () => {},
): Omit<Member, "advance" | "clock"> {
  const node = interpretedNode(part, options);
  const { machine } = node;
  const maps = new Map<string, RawMap>();
  const mapOf = (name: string): RawMap => {
    const map = maps.get(name) ?? interpretedRawMap(machine.maps[name] as never, machine);
    maps.set(name, map);
    return map;
  };
  const prepare = (on: Compiled, one: Machine): void => {
    const own = globals(on, one);
    for (const [name, value] of Object.entries({ ...constantsOf(role), ...constants }))
      if (own.names.includes(name)) own.set(name, value);
    prepared(own);
  };
  prepare(part, machine);
  const added: InterpretedService[] = [];
  const configs: LiveConfig[] = [];
  for (const { program, config, vni } of services) {
    const one = node.add(program, vni);
    prepare(program, one.machine);
    const live = interpretedConfig(program.manifest as never, one.machine, one.store, by);
    configs.push(live);
    one.open(live);
    for (const [path, value] of Object.entries(config)) live.set(path, value);
    added.push(one);
  }
  if (role === "forwarder") {
    const programs = mapOf(NODE_MAP.programs);
    for (const { index } of added)
      for (const parity of [0, 1]) programs.insertProgram(word(programPlace(index, "decide", parity)), CONSULT);
  }
  const { manifest } = part;
  if (manifest === null) throw new TypeError("A part without a manifest.");
  const dataPlane = dataPlaneOf(
    manifest,
    { write: (map, key, value) => mapOf(map).update(key, value) },
    node.quotas.share,
  );
  for (const [place, { program, vni }] of services.entries()) {
    const own = program.manifest?.service;
    if (own) dataPlane.service(added[place]?.index ?? 0, own, vni);
  }
  const nameOf = manifest.node?.drops ?? [];
  return {
    role,
    manifest,
    machine,
    dataPlane,
    underlay: node.underlay,
    services: added,
    configs,
    run: (frame, ingressInterface) => machine.run(node.root, frame, { ingressInterface }),
    drops() {
      const map = mapOf(NODE_MAP.drops);
      return dropsBy(nameOf, added.length, (index) => map.lookup(word(index)));
    },
    bounces: () => bouncesBy((index) => mapOf(BOUNCES_MAP).lookup(word(index))),
    flows() {
      let count = 0;
      for (const [index, name] of FLOW_TABLES.entries()) {
        const way = wayLayout(manifest.maps.find((map) => map.name === name));
        if (way === null) throw new TypeError(`The node has no table '${name}'.`);
        const read = wayReader(index === 0 ? 4 : 6, way);
        for (const [, page] of mapOf(name).entries()) {
          const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
          for (let at = 0; at < page.length; at += way.size)
            if (read(view, at, { endsOf: () => ANY_ENDS }) !== null) count += 1;
        }
      }
      return count;
    },
    memory: (sent) => (role === "table" ? memberMemory(part, machine, sent) : null),
    close() {},
  };
}

export async function openMember(options: MemberOptions): Promise<Member> {
  let now = 0n;
  const clocks: TestClock[] = [];
  const member = makeMember(await memberParts(options), { now: () => now, random: 0 }, (own) =>
    clocks.push(testClock(own, {})),
  );
  return {
    ...member,
    clock: () => now,
    advance(by) {
      now += by;
      for (const clock of clocks) clock.advance(by);
    },
  };
}
