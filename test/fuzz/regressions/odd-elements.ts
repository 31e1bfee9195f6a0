/** An element of an array on the stack was believed to be aligned as the array is, whatever its size. */
import { array, local, mac, program, struct } from "zeta/bpf";

export const oddElements = program("oddElements", (frame) => {
  const all = local(struct({ items: array(struct({ address: mac }), 3) }));
  for (const item of all.items) item.address = mac("02:00:00:00:00:4a");
  const one = all.items[frame.length & 1];
  return one?.address === mac("02:00:00:00:00:4a") ? 2 : 1;
});
