/** A change of config is seen as a whole, or did not happen. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { eachEntry } from "../../runtime/config/entries.ts";
import { type ConfigStore, openConfig } from "../../runtime/config/live.ts";
import { manifestOf } from "./services.ts";

const SERVICE = `
import { drop, endpoint, maglev, middlebox, pass, prefixes, service, u64 } from "zeta";
export const gate = middlebox("gate", {
  config: { limit: u64, rules: prefixes({ of: u64, max: 10 }), backends: maglev({ of: endpoint, max: 4, tableSize: 5 }) },
  decide: (flow, { config }) =>
    config.rules.lookup(flow.source) === config.limit ? drop("limit") : config.backends.pick(1) === null ? drop("none") : flow.forward(),
});
export default service("gate", { chain: [gate] });
`;

let manifest: Manifest;
beforeAll(async () => {
  manifest = await manifestOf(SERVICE);
});

interface Inner {
  readonly entries: number;
  open: boolean;
}

/** Of a listener's key: struct { address, vni, port, protocol }. */
const portOf = (key: Uint8Array): number => new DataView(key.buffer, key.byteOffset).getUint16(20, true);

/** A store that writes down what happens, and fails when told. */
function recordingStore(failAt: { map: string; step: "make" | "put" } | null = null) {
  const log: string[] = [];
  const made: Inner[] = [];
  const slots = new Map<string, Inner>();
  let fail = failAt;
  const store: ConfigStore<Inner> = {
    make(outer, entries) {
      if (fail?.step === "make" && fail.map === outer) {
        fail = null;
        throw new Error("no memory");
      }
      const inner = { entries: [...eachEntry(entries)].length, open: true };
      made.push(inner);
      log.push(`make ${outer}`);
      return inner;
    },
    put(outer, slot, inner) {
      if (fail?.step === "put" && fail.map === outer) {
        fail = null;
        throw new Error("no room");
      }
      slots.set(`${outer} ${slot}`, inner);
      log.push(`put ${outer} ${slot}`);
    },
    release(inner) {
      inner.open = false;
    },
    writeScalars: (offset, bytes) => log.push(`scalars ${offset} ${new DataView(bytes.buffer).getBigUint64(0, true)}`),
    switchTo: (generation) => log.push(`switch ${generation}`),
    settle: () => log.push("settle"),
    write: (map, key, _, under) =>
      log.push(`write ${map} ${portOf(key)}${under === undefined ? "" : ` under ${under}`}`),
    remove: (map, key) => log.push(`remove ${map} ${portOf(key)}`),
  };
  return { store, log, made, slots, failOn: (next: typeof failAt) => (fail = next) };
}

const whole = (limit: number, backends: readonly string[] = ["10.2.0.1:80"]) => ({
  gate: { limit, rules: { "10.0.0.0/8": 1 }, backends },
  service: { listen: ["10.1.0.1:80/tcp"] },
});

describe("a change", () => {
  test("fills the slot that does not serve, switches, waits, and only then touches the other one", () => {
    const { store, log } = recordingStore();
    const config = openConfig(manifest, store);
    config.set(whole(7));
    expect(log).toEqual([
      "make gate_rules",
      "make gate_backends",
      "make gate_backends_choices",
      "make gate_backends_set",
      "put gate_rules 1",
      "put gate_backends 1",
      "put gate_backends_choices 1",
      "put gate_backends_set 1",
      // Packets of the config before do not see it yet.
      "write zeta_node_listen 80 under 1",
      "scalars 16 7",
      "switch 1",
      "settle",
      "put gate_rules 0",
      "put gate_backends 0",
      "put gate_backends_choices 0",
      "put gate_backends_set 0",
      "scalars 8 7",
      "write zeta_node_listen 80",
    ]);
    expect(config.generation).toBe(1);
  });

  test("of one field leaves all others in both slots", () => {
    const { store, log, slots } = recordingStore();
    const config = openConfig(manifest, store);
    config.set(whole(7));
    log.length = 0;
    config.set("gate.rules", { "10.0.0.0/8": 1, "10.1.0.0/16": 2 });
    expect(log).toEqual([
      "make gate_rules",
      "put gate_rules 0",
      "scalars 8 7",
      "switch 2",
      "settle",
      "put gate_rules 1",
      "scalars 16 7",
    ]);
    expect(slots.get("gate_rules 0")).toBe(slots.get("gate_rules 1"));
    expect(slots.get("gate_rules 0")?.entries).toBe(2);
    expect(slots.get("gate_backends 0")).toBe(slots.get("gate_backends 1"));
  });

  test("of the addresses lets no packet see those that go with the new config, or those that come with the old", () => {
    const { store, log } = recordingStore();
    const config = openConfig(manifest, store);
    config.set("service.listen", ["10.1.0.1:80/tcp", "10.1.0.1:81/tcp"]);
    log.length = 0;
    config.set("service.listen", ["10.1.0.1:81/tcp", "10.1.0.1:82/tcp"]);
    expect(log.filter((line) => !line.startsWith("scalars"))).toEqual([
      "write zeta_node_listen 82 under 2",
      "write zeta_node_listen 80 under 1",
      "switch 2",
      "settle",
      "remove zeta_node_listen 80",
      "write zeta_node_listen 82",
    ]);
  });

  test("keeps open only the maps that serve, and none after the end", () => {
    const { store, made } = recordingStore();
    const config = openConfig(manifest, store);
    config.set(whole(1));
    config.set(whole(2));
    expect(made.filter(({ open }) => open)).toHaveLength(4);
    config.close();
    expect(made.filter(({ open }) => open)).toHaveLength(0);
  });
});

describe("a change that is refused or fails", () => {
  test("writes nothing when a value does not fit", () => {
    const { store, log } = recordingStore();
    const config = openConfig(manifest, store);
    config.set(whole(7));
    log.length = 0;
    expect(() => config.set(whole(-1))).toThrow(/ZT6001/);
    expect(log).toEqual([]);
    expect(config.get("gate.limit")).toBe(7);
    expect(config.generation).toBe(1);
  });

  test.each(["make", "put"] as const)("leaves the old config when the kernel fails to %s a map", (step) => {
    const { store, made, slots, failOn } = recordingStore();
    const config = openConfig(manifest, store);
    config.set(whole(7));
    const before = new Map(slots);
    failOn({ map: "gate_backends_set", step });
    expect(() => config.set(whole(8, ["10.2.0.9:80"]))).toThrow(/no memory|no room/);
    expect(slots).toEqual(before);
    expect(made.filter(({ open }) => open)).toHaveLength(4);
    expect(config.generation).toBe(1);
    expect(config.get("gate.limit")).toBe(7);
    config.set(whole(9));
    expect(config.generation).toBe(2);
  });
});

test("what was set can be read, and set again", () => {
  const { store } = recordingStore();
  const config = openConfig(manifest, store);
  expect(config.get()).toEqual({});
  config.set(whole(7));
  expect(config.get()).toEqual(whole(7));
  config.set(config.get());
  expect(config.get()).toEqual(whole(7));
});
