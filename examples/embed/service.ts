import { meter, middlebox, pass, service } from "zeta";

/** Counts what comes in, and lets it pass. */
export const watch = middlebox("watch", {
  state: { seen: meter() },
  filter(packet, { state }) {
    state.seen.count(packet.length);
    return pass();
  },
});

export default service("watch", { chain: [watch] });
