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

/** Two mistakes, on lines 4 and 5. */
export const BROKEN = `import { Action, program } from "zeta/bpf";

export default program("broken", (frame) => {
  if (frame.length == 60) return Action.Drop;
  if (frame.length > 1.5) return Action.Drop;
  return Action.Pass;
});
`;
