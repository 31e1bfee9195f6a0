// Kernels from 6.12 on believe that a tail call that falls through has moved the packet: its bounds must be read again.
import { ethernetHeader, map, program } from "zeta/bpf";

const stages = map.programs({ max: 4 });

export default program("falls_through", (frame) => {
  const before = frame.cursor().take(ethernetHeader);
  if (before === null) return 0;
  const { type } = before;
  stages.call(2);
  const after = frame.cursor().take(ethernetHeader);
  if (after === null) return 1;
  after.type = type;
  return frame.length > 20 ? 2 : 1;
});
