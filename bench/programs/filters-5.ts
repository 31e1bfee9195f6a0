/** A service of five filters that each count packets to a port of their own, to which nothing comes. */
import { counter, middlebox, pass, service } from "zeta";

const watch = (name: string, port: number) =>
  middlebox(name, {
    state: { seen: counter() },
    filter(packet, { state }) {
      if (packet.destinationPort === port) state.seen.add(1n);
      return pass();
    },
  });

export default service("filters", {
  chain: [watch("first", 1), watch("second", 2), watch("third", 3), watch("fourth", 4), watch("fifth", 5)],
});
