import {
  address,
  embedded,
  fromIpv4,
  isIpv4,
  middlebox,
  portPool,
  prefixes,
  reject,
  service,
  struct,
  toIpv4,
  u8,
  u32,
  unembedded,
} from "zeta";

/** Where IPv4 addresses stand in IPv6 (RFC 6052): under a prefix of 32, 40, 48, 56, 64 or 96 bits. */
const prefix = struct({ address, length: u32 });

/**
 * IPv6 hosts reach IPv4 ones at addresses under the prefix, and share the external addresses (stateful NAT64, RFC 6146). A
 * host's address and port has one external port, whoever it talks to, and through that anybody may answer.
 */
export const nat64 = middlebox("nat64", {
  config: {
    prefix,
    refused: prefixes({ of: u8, max: 256 }),
    external: portPool({ max: 64, mapping: "per-endpoint" }),
  },
  decide(flow, { config: { prefix, refused, external } }) {
    const { source, sourcePort, destination, destinationPort } = flow;
    const standsFor = (ip: address) => embedded(prefix.address, toIpv4(ip), prefix.length);
    if (isIpv4(source)) {
      const from = { address: standsFor(source), port: sourcePort };
      return external.has(destination) ? flow.rewrite({ source: from, destination: external }) : flow.forward();
    }
    const server = fromIpv4(unembedded(destination, prefix.length));
    if (standsFor(server) !== destination) return flow.forward();
    if (refused.has(server)) return reject("refused");
    return flow.rewrite({ source: external, destination: { address: server, port: destinationPort } });
  },
  holds: ({ source, decided }, { config: { refused, external } }) =>
    isIpv4(source) || !isIpv4(decided.source.address)
      ? true
      : external.has(decided.source.address) && !refused.has(decided.destination.address),
});

export default service("nat64", { chain: [nat64], listen: "all" });
