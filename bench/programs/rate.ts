/** What stands around a gateway whose rate is measured: where frames come from and go to, and the least that can be done between. */
import { Action, constant, ethernetHeader, mac, map, program, redirect, struct, u32, u64 } from "zeta/bpf";

/** The interface that frames leave by, and the stations there. */
export const leave = constant(struct({ interface: u32, destination: mac, source: mac }), {
  interface: 0,
  destination: 0n,
  source: 0n,
});

/** Sends a frame as it is. */
export const send = program("send", () => redirect(leave.value.interface));

/** A gateway that does nothing but send everything on. */
export const relay = program("relay", (frame) => {
  const ethernet = frame.cursor().peek(ethernetHeader);
  if (ethernet === null) return Action.Drop;
  ethernet.destination = leave.value.destination;
  ethernet.source = leave.value.source;
  return redirect(leave.value.interface);
});

export const arrived = map.perCpuArray({ value: struct({ frames: u64 }), max: 1 });

/** Counts what arrives. */
export const sink = program("sink", () => {
  const count = arrived.at(0);
  if (count !== null) count.frames += 1n;
  return Action.Drop;
});
