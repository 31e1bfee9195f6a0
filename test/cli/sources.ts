/** Services for tests of the command. */
export const COUNTER = `import { Action, EtherType, ethernetHeader, map, program, u64 } from "zeta/bpf";

const frames = map.perCpuArray({ value: u64, max: 4 });

export default program("counter", (frame) => {
  const ethernet = frame.cursor().take(ethernetHeader);
  if (ethernet === null) return Action.Drop;
  const count = frames.at(ethernet.type === EtherType.Ipv4 ? 1 : 2);
  if (count !== null) frames.set(ethernet.type === EtherType.Ipv4 ? 1 : 2, count + 1n);
  return Action.Pass;
});
`;

/** Two middleboxes that decide. */
export const DECIDERS = `import { middlebox, service } from "zeta";

const first = middlebox("first", { decide: (flow) => flow.forward() });
const second = middlebox("second", { decide: (flow) => flow.forward() });

export default service("deciders", { chain: [first, second] });
`;

/** Tells of every packet: its ends, and where it came from on the wire. */
export const TELLTALE = `import { address, events, ipv4, mac, middlebox, pass, service, u16, u64 } from "zeta";

const telltale = middlebox("telltale", {
  state: { seen: events({ of: { source: address, first: ipv4, from: mac, length: u16, big: u64 } }) },
  filter(packet, { state }) {
    const ip = packet.ipv4();
    if (ip !== null)
      state.seen.send({ source: packet.source, first: ip.destination, from: packet.ethernet().source, length: ip.totalLength, big: 1n });
    return pass();
  },
});

export default service("telltale", { chain: [telltale] });
`;

/** Two mistakes, on lines 4 and 5. */
export const BROKEN = `import { Action, program } from "zeta/bpf";

export default program("broken", (frame) => {
  if (frame.length == 60) return Action.Drop;
  if (frame.length > 1.5) return Action.Drop;
  return Action.Pass;
});
`;
