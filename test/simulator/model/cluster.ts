/** The model, as an implementation that the simulator runs: all rules of the flow table, without bytes. */
import type { Implementation, Release } from "../wire.ts";
import { Forwarder } from "./forwarder.ts";
import { Keeper } from "./keeper.ts";
import { keyOf, type Operation } from "./operation.ts";
import { RULES, type Rules } from "./rules.ts";

export function model(buckets: readonly number[], rules: Rules = RULES): Implementation<Operation> {
  return {
    node: (number, role, to) =>
      role === "forwarder" ? new Forwarder(number, to, rules) : new Keeper(number, to, rules, buckets),
    enter: (packet) => ({
      kind: "enter",
      epoch: 0,
      bucket: packet.flow.bucket,
      key: keyOf(packet),
      place: 0,
      packet,
      forwarder: 0,
      sent: 0,
      hops: 0,
      entry: null,
      source: 0,
      age: 0,
    }),
    release: (body): Release => {
      const { packet, entry, how } = body as unknown as Release & Pick<Operation, "packet" | "entry">;
      if (packet === null) throw new Error("A frame without a packet has left the cluster.");
      return {
        packet,
        decision: entry?.decision ?? null,
        flow: entry?.key ?? packet.flow.index,
        port: entry?.port ?? 0,
        how,
        wrong: null,
      };
    },
  };
}
