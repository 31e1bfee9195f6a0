/** External addresses and ports, which flows are given when their decision is committed. */
import { compiledOnly } from "../compiled.ts";
import type { address } from "../layout/layouts.ts";
import type { Field } from "./config.ts";

declare const pooled: unique symbol;
/**
 * Named in a decision, not taken: `flow.rewrite({ source: pool })` gives the flow an external address and port that nobody
 * else uses; `flow.rewrite({ destination: pool })` sends it to whoever holds the external address and port it goes to (an
 * inbound mapping, a hairpin, a static forward), and drops it when nobody does.
 */
export interface PortPool {
  readonly [pooled]: true;
  /** Whether an address is one of the pool's external addresses. */
  has(of: address): boolean;
}

/**
 * A pool of at most `max` external addresses, each with its range of ports (1024 to 65535 unless told; of ICMP,
 * identifiers). An inside host keeps one external address ("paired" pooling, RFC 4787 REQ-2).
 *
 * - `"per-endpoint"`: all flows of an inside address and port share one external port, and anybody may answer through it
 *   (endpoint-independent mapping and filtering, RFC 4787 REQ-1 and REQ-8, RFC 5382 REQ-1).
 * - `"per-destination"`: every flow has a port by itself, which other destinations may be given too, and only its
 *   destination answers (address- and port-dependent). One external port then serves many flows.
 *
 * In a config file: `["203.0.113.7", "203.0.113.16/28", { "address": "203.0.113.8", "ports": "1024-65535" }]`; with static
 * forwards, at most `forwards` (256 unless told), of ports outside of the range:
 * `{ "addresses": ["203.0.113.7"], "forwards": { "203.0.113.7:80/tcp": "10.0.0.5:8080" } }`. An IPv4 address may lead to an
 * IPv6 host, of a middlebox that rewrites the source to that family too.
 */
export const portPool = (_: {
  readonly max: number;
  readonly mapping: "per-endpoint" | "per-destination";
  readonly forwards?: number;
}): Field<PortPool> => compiledOnly("portPool");
