import { address, type Of, struct, type u8, u16, type u32 } from "../layout/layouts.ts";
import type { From, Packet } from "./packet.ts";
import type { PortPool } from "./port-pool.ts";
import type { Completion, Decision } from "./verdict.ts";

/** An address and a port. */
export const endpoint = struct({ address, port: u16 });
export type Endpoint = Of<typeof endpoint>;

/** A new flow, as the middleboxes before this one left it. */
export interface Flow {
  readonly from: From;
  readonly vni: u32;
  /** Its first packet, as it arrived. */
  readonly first: Packet;
  readonly source: address;
  readonly destination: address;
  readonly protocol: u8;
  readonly sourcePort: u16;
  readonly destinationPort: u16;
  /** The same for every packet of the flow ("flow") or of the client ("source"); 32 well-mixed bits. */
  hash(of?: "flow" | "source"): u32;
  /** Leave it as it is. */
  forward(): Decision;
  /**
   * Change either end, for the flow's whole life; replies are changed back. A pool stands for what it will give when the
   * decision is committed: until then, the middleboxes behind this one see that end as it was. Both ends may be rewritten
   * to the other family (see `embedded`): the packets are translated, and their replies back (RFC 7915). Ends of two
   * families are no flow: such a decision is dropped and counted. A pool gives an address of the other end's family.
   */
  rewrite(to: {
    readonly source?: Readonly<Endpoint> | PortPool;
    readonly destination?: Readonly<Endpoint> | PortPool;
  }): Decision;
  /**
   * Hand it, addresses kept, to the host that holds an address; a moved endpoint is followed. "here": replies come back
   * through the service. "direct": they do not (direct server return).
   */
  deliver(
    to: { readonly vni: u32; readonly address: address },
    how?: { readonly returns: "here" | "direct" },
  ): Decision;
}

/** A flow whose decision is being asked about again, under newer config. */
export interface DecidedFlow extends Flow {
  readonly decided: { readonly source: Readonly<Endpoint>; readonly destination: Readonly<Endpoint> };
}

/**
 * A flow whose decision waits (see `pending`): a packet from behind the service has come. Its ends are those that its client
 * sends to; `drop` and `reject` end the flow, and with `reject` whoever sent the reply is told.
 */
export interface PendingFlow
  extends Pick<
    DecidedFlow,
    "vni" | "source" | "destination" | "protocol" | "sourcePort" | "destinationPort" | "decided"
  > {
  /** What `pending` was told to keep. */
  readonly note: u32;
  /** The packet from behind the service, as it came. */
  readonly reply: Packet;
  /**
   * Waits no more. From now on, and beginning with the reply, `sequence` is added to sequence numbers on the way to the
   * client (modulo 2^32), and taken from acknowledgements and SACK blocks (RFC 2018) on the way back. A SYN-ACK becomes a
   * segment that the client must acknowledge: its acknowledgement completes the handshake behind the service. Any other
   * reply, such as a reset, goes to the client as it is, but for its number.
   */
  complete(shift: { readonly sequence: u32 }): Completion;
  /** Not yet: the reply is dropped, and counted. */
  wait(): Completion;
}
