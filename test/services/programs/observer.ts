import {
  address,
  boundedTable,
  counter,
  drop,
  events,
  meter,
  middlebox,
  pass,
  prefixes,
  rateLimiter,
  service,
  struct,
  table,
  u8,
  u16,
  u32,
  u64,
} from "zeta";

/** Notes of every packet, in every kind of state; drops by prefix, by port and by rate. */
const observer = middlebox("observer", {
  sees: "both",
  config: {
    classes: prefixes({ of: { class: u32 }, max: 1000 }),
    blocked: table({ key: { port: u16, protocol: u8 }, of: { strict: u8 }, max: 100 }),
    limit: struct({ perSecond: u64, burst: u64, cost: u64 }),
  },
  state: {
    fromClients: counter(),
    fromService: counter(),
    traffic: meter(),
    tokens: rateLimiter({ key: address, max: 1000, scope: "node" }),
    sources: boundedTable({ key: { source: address }, of: { bytes: u32, packets: u32 }, max: 1000 }),
    seen: events({ of: { source: address, class: u32, length: u32, interface: u32, first: u8 }, buffer: 4096 }),
  },
  filter(packet, { config, state }) {
    state.traffic.count(packet.length);
    if (packet.from === "client") state.fromClients.add(1n);
    else state.fromService.add(1n);
    const known = state.sources.get({ source: packet.source });
    if (known === null) state.sources.set({ source: packet.source }, { bytes: packet.length, packets: 1 });
    else {
      known.bytes += packet.length;
      known.packets += 1;
    }
    const found = config.classes.lookup(packet.source);
    if (found === null) return drop("no class");
    const block = config.blocked.lookup({ port: packet.destinationPort, protocol: packet.protocol });
    if (block !== null) return block.strict === 1 ? drop("blocked strictly") : drop("blocked");
    const { perSecond, burst, cost } = config.limit;
    if (!state.tokens.allow(packet.source, { perSecond, burst }, cost)) return drop("rate");
    state.seen.send({
      source: packet.source,
      class: found.class,
      length: packet.length,
      interface: packet.interface,
      first: packet.payload(0, 1)?.peek(u8) ?? 0,
    });
    return pass();
  },
});

/** Sends flows back and forth, so that there are replies. */
const forwarder = middlebox("forwarder", { decide: (flow) => flow.forward() });

export default service("observer", { chain: [observer, forwarder], listen: "all" });
