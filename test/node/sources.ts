/** Versions of a small service, for upgrades: state that it keeps, and counters. */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { createCompiler } from "../../compiler/index.ts";

export interface Variant {
  readonly counters?: readonly string[];
  /** What the table holds of each client. */
  readonly remembers?: "u32" | "u64";
  /** Drops everything, by this name. */
  readonly refuses?: string;
  /** A field that the first version does not have. */
  readonly field?: string;
  /** Without the filter, and so without state. */
  readonly bare?: boolean;
}

const watching = (counters: readonly string[], remembers: "u32" | "u64"): string => `
  state: {
    seen: boundedTable({ key: address, of: { packets: ${remembers} }, max: 1024 }),
${counters.map((name) => `    ${name}: counter(),`).join("\n")}
  },
  filter(packet, { state }) {
    const known = state.seen.get(packet.source);
    if (known !== null) known.packets += ${remembers === "u32" ? "1" : "1n"};
    else state.seen.set(packet.source, { packets: ${remembers === "u32" ? "1" : "1n"} });
    ${counters.map((name) => `state.${name}.add(1n);`).join(" ")}
    return pass();
  },`;

/** Sends what comes to it to `target`, and remembers whom it has seen: a packet and its answer are two. */
export const relay = ({
  counters = ["packets"],
  remembers = "u32",
  refuses,
  field,
  bare = false,
}: Variant = {}): string => `
import { address, boundedTable, counter, drop, endpoint, middlebox, pass, service, u16, u32, u64 } from "zeta";

export const relay = middlebox("relay", {
  config: { target: endpoint, ${field === undefined ? "" : `${field}: u16`} },
  ${bare ? "" : watching(counters, remembers)}
  decide(flow, { config }) {
    ${refuses === undefined ? "" : `if (flow.sourcePort !== 0) return drop("${refuses}");`}
    return flow.rewrite({ destination: config.target });
  },
});

export default service("relay", { chain: [relay] });
`;

/** Lets in what goes to the port that is open, by a number and by a table alike. */
export const ports = `
import { drop, middlebox, pass, prefixes, service, u16 } from "zeta";

export const ports = middlebox("ports", {
  config: { open: u16, spans: prefixes({ of: u16, max: 16 }) },
  filter(packet, { config }) {
    const port = config.spans.lookup(packet.source);
    if (port !== packet.destinationPort) return drop("by the table");
    return config.open === packet.destinationPort ? pass() : drop("by the number");
  },
});

export default service("ports", { chain: [ports] });
`;

const compiler = createCompiler();

export async function built(text: string): Promise<{ readonly object: Uint8Array; readonly manifest: Manifest }> {
  const path = "/node-test/service.ts";
  const result = await compiler.compile(path, { files: new Map([[path, text]]) });
  if (!result.ok) throw new ZetaError(result.problems);
  return { object: result.code.object, manifest: result.manifest };
}

export const relayConfig = (listen: readonly string[], target: string) => ({ service: { listen }, relay: { target } });

/** Forwards as it is, with or without a filter before: packets stay what they were, so that one may be run again and again. */
export const through = (filters: boolean): string => `
import { counter, middlebox, pass, service } from "zeta";

export const through = middlebox("through", {
  ${filters ? "state: { seen: counter() }, filter(_, { state }) { state.seen.add(1n); return pass(); }," : ""}
  decide: (flow) => flow.forward(),
});

export default service("through", { chain: [through] });
`;

export const withSecret = `
import { drop, middlebox, secret, service } from "zeta";

export const keyed = middlebox("keyed", {
  config: { key: secret() },
  decide: (flow, { config }) => (config.key.hash(flow.source, flow.sourcePort) === 0n ? drop("unlikely") : flow.forward()),
});

export default service("keyed", { chain: [keyed] });
`;

/** Decides nothing, and so takes all of its network. */
export const everything = `
import { middlebox, pass, service } from "zeta";

export default service("everything", { chain: [middlebox("all", { filter: () => pass() })] });
`;

/** Decides nothing but drops: by one name what comes to the address that its config names, by another all else. */
export const matching = `
import { address, drop, middlebox, service } from "zeta";

const matching = middlebox("matching", {
  config: { address },
  decide: (flow, { config }) => (flow.destination === config.address ? drop("its own") : drop("another config's")),
});

export default service("matching", { chain: [matching] });
`;

/** Decides nothing, and says of packets all that a filter may, by where they go. */
export const saying = `
import { answer, counter, drop, middlebox, pass, reject, service } from "zeta";

const saying = middlebox("saying", {
  state: { seen: counter(), later: counter() },
  filter(packet, { state }) {
    state.seen.add(1n);
    if (packet.isLaterFragment) state.later.add(1n);
    if (packet.destinationPort === 53) return drop("a name");
    if (packet.destinationPort === 80) return reject("a page");
    if (packet.destinationPort === 5000) return answer(packet);
    const ip = packet.ipv4();
    if (ip !== null) ip.dscp = 46;
    return pass();
  },
});

export default service("saying", { chain: [saying] });
`;
