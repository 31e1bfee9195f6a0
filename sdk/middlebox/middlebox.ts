import { compiledOnly } from "../compiled.ts";
import type { Layout } from "../layout/layouts.ts";
import type { Field, View } from "./config.ts";
import type { DecidedFlow, Flow, PendingFlow } from "./flow.ts";
import type { Packet } from "./packet.ts";
import type { Binding, Held, State } from "./state.ts";
import type { Completion, Decision, Verdict } from "./verdict.ts";

type Config = Record<string, Field<any> | Layout<any>>;
type States = Record<string, State<any>>;
interface Own<C, S> {
  readonly config: { readonly [K in keyof C]: View<C[K]> };
  readonly state: { readonly [K in keyof S]: Held<S[K]> };
}
type BindingsOf<S> = { readonly [K in keyof S as Held<S[K]> extends Binding<any, any> ? K : never]: Held<S[K]> };
/** What hooks see that are pure: the config, and of the state what decisions bind. */
interface OwnConfig<C, S> {
  readonly config: { readonly [K in keyof C]: View<C[K]> };
  readonly state: BindingsOf<S>;
}

declare const middlebox_: unique symbol;
export interface Middlebox {
  readonly [middlebox_]: true;
}

/**
 * A middlebox: up to four hooks, all optional.
 * - `filter` runs for every packet, before the flow's decision is looked up. It sees packets from clients, unless
 *   `sees: "both"`.
 * - `decide` runs when a packet of a new flow arrives. It is pure: it may run more than once, and one result counts.
 * - `complete` is asked about a decision that waits (see `pending`) when a packet comes from behind the service. One
 *   middlebox of a chain may have it.
 * - `holds` is asked under newer config whether a decision still stands; false ends the flow's lifetime.
 */
export const middlebox = <const C extends Config = Record<never, never>, const S extends States = Record<never, never>>(
  _name: string,
  _: {
    readonly config?: C;
    readonly state?: S;
    readonly sees?: "client" | "both";
    filter?(packet: Packet, own: Own<C, S>): Verdict;
    decide?(flow: Flow, own: OwnConfig<C, S>): Decision;
    complete?(flow: PendingFlow, own: OwnConfig<C, S>): Completion;
    holds?(flow: DecidedFlow, own: OwnConfig<C, S>): boolean;
  },
): Middlebox => compiledOnly("middlebox");

declare const service_: unique symbol;
export interface Service {
  readonly [service_]: true;
}

/**
 * A chain of middleboxes behind addresses. Traffic to the addresses in the config field `service.listen` is the service's;
 * with `listen: "all"` (what chains without `decide` have) every IP packet is. At most `flows` flows are remembered
 * (65 536 unless told).
 */
export const service = (
  _name: string,
  _: { readonly chain: readonly Middlebox[]; readonly listen?: "addresses" | "all"; readonly flows?: number },
): Service => compiledOnly("service");
