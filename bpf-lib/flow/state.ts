/**
 * How far a flow has come, and how long it may idle there. Idle times are those that address translation must grant: TCP by
 * RFC 5382 (REQ-5: 2 hours and 4 minutes, 4 minutes while opening or closing), UDP by RFC 4787 (REQ-5), ICMP by RFC 5508 (REQ-2).
 */
import { constant, Protocol, struct, type u32 as U32, type u8, type u16, u32 } from "zeta/bpf";
import { Change } from "./entry.ts";
import { spansOf } from "./time.ts";

/**
 * `Answered`: the server has sent its SYN-ACK; a connection stands when its client has acknowledged that. `Ended`: only in the
 * distributed flow table, of a flow whose decision has ended; its entry stands until nobody can follow that any more.
 */
export const FlowState = { Datagrams: 0, Opening: 1, Established: 2, Closing: 3, Answered: 4, Ended: 5 } as const;

/** In seconds; the loader may set others. */
export const zeta_idle = constant(
  struct({ opening: u32, established: u32, closing: u32, udp: u32, icmp: u32, other: u32 }),
  { opening: 240, established: 7440, closing: 240, udp: 300, icmp: 60, other: 600 },
);

export const stateOf = (protocol: u8): u8 => (protocol === Protocol.Tcp ? FlowState.Opening : FlowState.Datagrams);

const secondsOf = (protocol: u8, state: u8): U32 => {
  const idle = zeta_idle.value;
  if (state === FlowState.Established) return idle.established;
  if (state === FlowState.Opening || state === FlowState.Answered) return idle.opening;
  if (state === FlowState.Closing) return idle.closing;
  if (protocol === Protocol.Udp) return idle.udp;
  return protocol === Protocol.Icmp || protocol === Protocol.Icmpv6 ? idle.icmp : idle.other;
};

/**
 * How many spans a flow lives on from now. A quarter more than is promised: a flow's life is written anew only when that
 * quarter is over, so that most packets write nothing.
 */
export const idleOf = (protocol: u8, state: u8): U32 => {
  const spans = spansOf(secondsOf(protocol, state));
  return spans + spans / 4 + 1;
};

/** Whether the life that remains is to be written anew. */
export const isShort = (remaining: U32, idle: U32): boolean => remaining < idle - idle / 5;

/** Whether a flow is decided, and its connection is not over. */
export const stands = ({ change, state }: { readonly change: u16; readonly state: u8 }): boolean =>
  (change & Change.Pending) === 0 && state !== FlowState.Closing;
