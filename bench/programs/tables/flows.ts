/**
 * What the programs of this folder have in common: a packet's flow is looked up and touched, and added when it is new, with
 * 40 bytes of value of which a word decides over the packet. Only the tables differ.
 */
import {
  Action,
  array,
  EtherType,
  ethernetHeader,
  type Frame,
  ipv4Header,
  ipv6Header,
  type Program,
  Protocol,
  program,
  struct,
  u32,
  u64,
} from "zeta/bpf";

/** What is remembered of a flow, as a forwarder would. */
export const value = struct({
  decision: u32,
  generation: u32,
  packets: u64,
  bytes: u64,
  until: u32,
  hop: u32,
  rest: u64,
});

/** Of the key of 128 bits, and of that of 320. */
const words4 = struct({ addresses: u64, ports: u32 });
const words6 = struct({ words: array(u64, 4), ports: u32 });

/** Looks up, touches and adds; gives the decision, or null when there is no room. */
export type Lookup = (key: readonly u64[], length: u64) => u32 | null;

const verdict = (decision: u32 | null): Action => (decision === 1 ? Action.Transmit : Action.Drop);

export const program4 = (name: string, lookup: Lookup): Program =>
  program(name, (frame: Frame) => {
    const cursor = frame.cursor();
    const ethernet = cursor.take(ethernetHeader);
    const ip = cursor.take(ipv4Header);
    const words = frame.cursor(26).take(words4);
    if (ethernet === null || ip === null || words === null || ethernet.type !== EtherType.Ipv4) return Action.Pass;
    if (ip.start.words !== 5 || ip.protocol !== Protocol.Tcp) return Action.Pass;
    const key = [words.addresses, u64(words.ports) | (u64(ip.protocol) << 56n)];
    return verdict(lookup(key, u64(frame.length)));
  });

export const program6 = (name: string, lookup: Lookup): Program =>
  program(name, (frame: Frame) => {
    const cursor = frame.cursor();
    const ethernet = cursor.take(ethernetHeader);
    const ip = cursor.take(ipv6Header);
    const words = frame.cursor(22).take(words6);
    if (ethernet === null || ip === null || words === null || ethernet.type !== EtherType.Ipv6) return Action.Pass;
    if (ip.nextHeader !== Protocol.Tcp) return Action.Pass;
    const [a, b, c, d] = [words.words[0], words.words[1], words.words[2], words.words[3]];
    return verdict(lookup([a, b, c, d, u64(words.ports) | (u64(ip.nextHeader) << 56n)], u64(frame.length)));
  });
