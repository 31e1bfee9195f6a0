/** Services for the tests of config: every kind of field, and events. */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { type CompileResult, createCompiler } from "../../compiler/index.ts";

/** Answers with what its config says of the packet's source: counted, so that tests see which value was found. */
export const EVERY_FIELD = `
import { address, bool, counter, drop, endpoint, events, maglev, meter, middlebox, pass, prefixes, service, table, u8, u16, u32, u64 } from "zeta";

export const box = middlebox("box", {
  config: {
    limit: u64,
    on: bool,
    both: endpoint,
    ranges: prefixes({ of: { from: u16, to: u16 }, max: 4 }),
    known: prefixes({ of: {}, max: 4 }),
    ports: table({ key: u16, of: { weight: u32 }, max: 4 }),
    pairs: table({ key: { port: u16, protocol: u8 }, of: u32, max: 4 }),
    peers: table({ key: address, of: {}, max: 4 }),
    backends: maglev({ of: endpoint, max: 4, tableSize: 251 }),
    numbers: maglev({ of: u32, max: 4, tableSize: 11 }),
  },
  state: { seen: counter(), traffic: meter(), watch: events({ of: { port: u16, limit: u64 } }), found: counter() },
  filter(packet, { config, state }) {
    state.seen.add(1n);
    state.traffic.count(packet.length);
    state.watch.send({ port: packet.destinationPort, limit: config.limit });
    const weight = config.ports.lookup(packet.destinationPort);
    if (weight !== null) state.found.add(u64(weight.weight));
    if (!config.on) return drop("off");
    if (config.both.port === packet.destinationPort) return drop("both");
    if (config.known.has(packet.source)) return drop("known");
    if (config.peers.has(packet.source)) return drop("peer");
    const range = config.ranges.lookup(packet.source);
    if (range !== null && packet.destinationPort >= range.from && packet.destinationPort <= range.to) return drop("range");
    const pair = config.pairs.lookup({ port: packet.destinationPort, protocol: packet.protocol });
    if (pair !== null) state.found.add(u64(pair));
    const number = config.numbers.pick(7);
    if (number !== null) state.found.add(u64(number));
    return config.backends.has({ address: packet.source, port: packet.sourcePort }) ? drop("backend") : pass();
  },
});
export default service("every", { chain: [box] });
`;

const compiler = createCompiler({ testBuild: true });
const named = (text: string) => ({ files: new Map([["/config-test/service.ts", text]]) });

export async function compiled(text: string): Promise<Extract<CompileResult, { ok: true }>> {
  const result = await compiler.compile("/config-test/service.ts", named(text));
  if (!result.ok) throw new ZetaError(result.problems);
  return result;
}

export async function manifestOf(text: string): Promise<Manifest> {
  const result = await compiler.lower("/config-test/service.ts", named(text));
  if (!result.ok) throw new ZetaError(result.problems);
  return result.manifest;
}
