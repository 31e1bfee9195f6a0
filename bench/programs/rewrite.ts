/**
 * A new destination for TCP and UDP over IPv4, one hop on, with checksums that follow. Headers are read as words in memory
 * order: the Internet checksum does not care about byte order (RFC 1071 section 2), so nothing needs to be swapped.
 */
import {
  Action,
  array,
  EtherType,
  ethernetHeader,
  ipv4,
  ipv4Header,
  mac,
  map,
  Protocol,
  program,
  struct,
  u16,
  u32,
  u64,
} from "zeta/bpf";

const networkWords = struct({ start: u32, more: u32, hops: u16, checksum: u16, source: u32, destination: u32 });
const tcpWords = struct({ source: u16, destination: u16, rest: array(u32, 3), checksum: u16, urgent: u16 });
const udpWords = struct({ source: u16, destination: u16, length: u16, checksum: u16 });

const targets = map.hash({ key: ipv4, value: struct({ address: u32, port: u16, mac }), max: 1024 });

/** What replacing a word adds to a one's-complement sum (RFC 1624, equation 3). Below 2^33. */
const changed = (from: u32, to: u32): u64 => u64(~from) + u64(to);

/** A checksum after changes that add up to less than 2^36. */
const updated = (checksum: u16, change: u64): u16 => {
  const sum: u64 = u64(~checksum & 0xffff) + change;
  const once: u64 = (sum & 0xffffn) + (sum >> 16n);
  const twice: u64 = (once & 0xffffn) + (once >> 16n);
  return u16(~((twice & 0xffffn) + (twice >> 16n)));
};

export default program("rewrite", (frame) => {
  const cursor = frame.cursor();
  const ethernet = cursor.take(ethernetHeader);
  const words = cursor.peek(networkWords);
  const ip = cursor.take(ipv4Header);
  if (ethernet === null || words === null || ip === null || ethernet.type !== EtherType.Ipv4) return Action.Pass;
  if (ip.start.words < 5 || ip.ttl <= 1 || ip.fragment.offset !== 0) return Action.Pass;
  const transport = frame.cursor(14 + ip.start.words * 4);
  const tcp = ip.protocol === Protocol.Tcp ? transport.peek(tcpWords) : null;
  const udp = ip.protocol === Protocol.Udp ? transport.peek(udpWords) : null;
  if (tcp === null && udp === null) return Action.Pass;
  const target = targets.get(ip.destination);
  if (target === null) return Action.Pass;

  const moved = changed(words.destination, target.address);
  words.destination = target.address;
  // One hop less to live: the word of TTL and protocol, with the TTL in its low byte in memory order.
  const { hops } = words;
  words.hops = u16(hops - 1);
  words.checksum = updated(words.checksum, moved + changed(hops, hops - 1));
  if (tcp !== null) {
    tcp.checksum = updated(tcp.checksum, moved + changed(tcp.destination, target.port));
    tcp.destination = target.port;
  } else if (udp !== null) {
    if (udp.checksum !== 0) {
      const next = updated(udp.checksum, moved + changed(udp.destination, target.port));
      udp.checksum = next === 0 ? 0xffff : next;
    }
    udp.destination = target.port;
  }
  ethernet.source = ethernet.destination;
  ethernet.destination = target.mac;
  return Action.Transmit;
});
