/**
 * A balancer's established flows and no more: what most packets are (whole datagrams of TCP and UDP, without options or extension
 * headers) goes by what an LRU table knows of its flow. Each direction has an entry, with what its packets become and its next hop.
 */
import {
  Action,
  array,
  clock,
  EtherType,
  ethernetHeader,
  FibResult,
  type Frame,
  fibLookup,
  fibParameters,
  ipv4Header,
  ipv6Header,
  local,
  mac,
  map,
  type Of,
  Protocol,
  program,
  redirect,
  struct,
  swapBytes,
  type u8 as U8,
  type u16 as U16,
  type u32 as U32,
  type u64 as U64,
  u8,
  u16,
  u32,
  u64,
} from "zeta/bpf";
import { endpointWords } from "../../bpf-lib/flow/entry.ts";
import { changed, updated } from "../../bpf-lib/packet/sums.ts";
import { ipv4Words, ipv6Words, portWords, tcpWords, udpWords } from "../../bpf-lib/packet/words.ts";

const AF_INET = 2;
const AF_INET6 = 10;
/** Bytes of headers without options. */
const ETHERNET = 14;
const IPV4 = 20;
const IPV6 = 40;
const TCP = 20;
const UDP = 8;
/** A route is asked for again after so many ticks of the kernel. */
const TRUSTED = 100n;
/** Bits of `change`: the end that packets leave with another address and port for. */
const Change = { Source: 1, Destination: 2 } as const;

/** Padding is named: keys compare by all their bytes. */
const flowKey = struct({
  source: array(u32, 4),
  destination: array(u32, 4),
  sourcePort: u16,
  destinationPort: u16,
  network: u32,
});
const nextHop = struct({ until: u64, interface: u32, destination: mac, source: mac });
const flowEntry = struct({
  source: endpointWords,
  destination: endpointWords,
  place: endpointWords,
  change: u32,
  generation: u32,
  hop: nextHop,
  packets: u64,
  bytes: u64,
});
const flows = map.lruHash({ key: flowKey, value: flowEntry, max: 131_072 });

type Key = Of<typeof flowKey>;
type Entry = Of<typeof flowEntry>;

/** The datagram inside: where it begins, and how long the IP header says that it is. Protocol 0 is none that is taken. */
interface Inside {
  readonly protocol: U8;
  readonly at: U32;
  readonly room: U32;
}
const NONE: Inside = { protocol: u8(0), at: 0, room: 0 };

const behindEthernet = (frame: Frame) => frame.cursor(ETHERNET);

/** Opens the header of an unfragmented packet; the addresses go into the key. */
const open4 = (frame: Frame, key: Key): Inside => {
  const ip = behindEthernet(frame).peek(ipv4Header);
  const words = behindEthernet(frame).peek(ipv4Words);
  if (ip === null || words === null || ip.start.version !== 4 || ip.start.words !== IPV4 / 4) return NONE;
  if (ip.fragment.moreFragments !== 0 || ip.fragment.offset !== 0 || ip.totalLength < IPV4) return NONE;
  key.source[2] = swapBytes.u32(0xffff);
  key.source[3] = words.source;
  key.destination[2] = swapBytes.u32(0xffff);
  key.destination[3] = words.destination;
  return { protocol: ip.protocol, at: ETHERNET + IPV4, room: u32(ip.totalLength) - IPV4 };
};

const open6 = (frame: Frame, key: Key): Inside => {
  const ip = behindEthernet(frame).peek(ipv6Header);
  const words = behindEthernet(frame).peek(ipv6Words);
  if (ip === null || words === null || ip.start.version !== 6) return NONE;
  for (const i of [0, 1, 2, 3] as const) {
    key.source[i] = words.source[i];
    key.destination[i] = words.destination[i];
  }
  return { protocol: ip.nextHeader, at: ETHERNET + IPV6, room: u32(ip.payloadLength) };
};

/** Whether it is to live for another hop. */
const goesOn = (frame: Frame, isFour: boolean): boolean => {
  if (isFour) return (behindEthernet(frame).peek(ipv4Header)?.ttl ?? 0) > 1;
  return (behindEthernet(frame).peek(ipv6Header)?.hopLimit ?? 0) > 1;
};

/** Puts the addresses that the entry names; gives what that adds to a checksum. */
const putAddresses = (frame: Frame, isFour: boolean, { change, source, destination }: Entry): U64 => {
  let sum: U64 = 0n;
  if (isFour) {
    const words = behindEthernet(frame).peek(ipv4Words);
    if (words === null) return 0n;
    if ((change & Change.Destination) !== 0) {
      sum = changed(words.destination, destination.address[3]);
      words.destination = destination.address[3];
    }
    if ((change & Change.Source) !== 0) {
      sum += changed(words.source, source.address[3]);
      words.source = source.address[3];
    }
    words.checksum = updated(words.checksum, sum);
    return sum;
  }
  const words = behindEthernet(frame).peek(ipv6Words);
  if (words === null) return 0n;
  for (const i of [0, 1, 2, 3] as const) {
    if ((change & Change.Destination) !== 0) {
      sum += changed(words.destination[i], destination.address[i]);
      words.destination[i] = destination.address[i];
    }
    if ((change & Change.Source) !== 0) {
      sum += changed(words.source[i], source.address[i]);
      words.source[i] = source.address[i];
    }
  }
  return sum;
};

/** The same for ports, with which TCP and UDP begin. */
const putPorts = (ports: { source: U16; destination: U16 }, { change, source, destination }: Entry): U64 => {
  let sum: U64 = 0n;
  if ((change & Change.Destination) !== 0) {
    sum = changed(ports.destination, destination.port);
    ports.destination = destination.port;
  }
  if ((change & Change.Source) !== 0) {
    sum += changed(ports.source, source.port);
    ports.source = source.port;
  }
  return sum;
};

/** What the kernel's route to the packet's destination is, by the addresses that it has now. */
const ask = (frame: Frame, isFour: boolean, protocol: U8, hop: Of<typeof nextHop>, now: U64): boolean => {
  const question = local(fibParameters);
  question.protocol = protocol;
  question.interface = frame.ingressInterface;
  const ip = behindEthernet(frame).peek(ipv4Header);
  const words = behindEthernet(frame).peek(ipv6Words);
  if (isFour && ip !== null) {
    question.family = AF_INET;
    question.totalLength = ip.totalLength;
    question.sourceWords[0] = u32(ip.source);
    question.destinationWords[0] = u32(ip.destination);
  } else if (words !== null) {
    question.family = AF_INET6;
    question.totalLength = IPV6;
    for (const i of [0, 1, 2, 3] as const) {
      question.sourceWords[i] = swapBytes.u32(words.source[i]);
      question.destinationWords[i] = swapBytes.u32(words.destination[i]);
    }
  }
  if (fibLookup(question) !== FibResult.Success) return false;
  hop.interface = question.interface;
  hop.destination = question.destinationMac;
  hop.source = question.sourceMac;
  hop.until = now + TRUSTED;
  return true;
};

/** One hop less to live. */
const age = (frame: Frame, isFour: boolean): void => {
  const words = behindEthernet(frame).peek(ipv4Words);
  const ip = behindEthernet(frame).peek(ipv6Header);
  if (isFour && words !== null) {
    const from = words.ttlAndProtocol;
    words.ttlAndProtocol = u16(from - 1);
    words.checksum = updated(words.checksum, changed(from, from - 1));
  } else if (ip !== null) ip.hopLimit = u8(ip.hopLimit - 1);
};

export default program("established", (frame) => {
  const ethernet = frame.cursor().peek(ethernetHeader);
  // No header of IPv6 is shorter than that.
  const shortest = behindEthernet(frame).peek(ipv4Header);
  if (ethernet === null || shortest === null) return Action.Pass;
  const key = local(flowKey);
  const isFour = ethernet.type === EtherType.Ipv4;
  if (!isFour && ethernet.type !== EtherType.Ipv6) return Action.Pass;
  const { protocol, at, room } = isFour ? open4(frame, key) : open6(frame, key);
  const isTcp = protocol === Protocol.Tcp;
  const isTaken = isTcp ? room >= TCP : protocol === Protocol.Udp && room >= UDP;
  if (!isTaken || room > frame.length - at) return Action.Pass;
  const ports = frame.cursor(at).peek(portWords);
  if (ports === null) return Action.Pass;
  key.sourcePort = swapBytes.u16(ports.source);
  key.destinationPort = swapBytes.u16(ports.destination);
  key.network = protocol;

  const entry = flows.get(key);
  if (entry === null) return Action.Pass;
  entry.packets += 1n;
  entry.bytes += u64(frame.length);
  if (!goesOn(frame, isFour)) return Action.Pass;
  const sum = putAddresses(frame, isFour, entry) + putPorts(ports, entry);
  const tcp = frame.cursor(at).peek(tcpWords);
  const udp = frame.cursor(at).peek(udpWords);
  if (isTcp && tcp !== null) tcp.checksum = updated(tcp.checksum, sum);
  else if (udp !== null && udp.checksum !== 0) {
    const next = updated(udp.checksum, sum);
    udp.checksum = next === 0 ? 0xffff : next;
  }
  const { hop } = entry;
  const now = clock("jiffies");
  if (hop.until - now - 1n >= TRUSTED && !ask(frame, isFour, protocol, hop, now)) return Action.Pass;
  age(frame, isFour);
  ethernet.destination = hop.destination;
  ethernet.source = hop.source;
  return redirect(hop.interface);
});
