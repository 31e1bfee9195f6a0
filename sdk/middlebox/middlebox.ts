import { compiledOnly } from "../compiled.ts";
import type { Layout } from "../layout/layouts.ts";
import type { Field, View } from "./config.ts";
import type { DecidedFlow, Flow } from "./flow.ts";
import type { Packet } from "./packet.ts";
import type { Held, State } from "./state.ts";
import type { Decision, Verdict } from "./verdict.ts";

type Config = Record<string, Field<any> | Layout<any>>;
type States = Record<string, State<any>>;
interface Own<C, S> {
  readonly config: { readonly [K in keyof C]: View<C[K]> };
  readonly state: { readonly [K in keyof S]: Held<S[K]> };
}
type OwnConfig<C> = Pick<Own<C, unknown>, "config">;

declare const middlebox_: unique symbol;
export interface Middlebox {
  readonly [middlebox_]: true;
}

/**
 * A middlebox: up to three hooks, all optional.
 * - `filter` runs for every packet, before the flow's decision is looked up. It sees packets from clients, unless
 *   `sees: "both"`.
 * - `decide` runs when a packet of a new flow arrives. It is pure: it may run more than once, and one result counts.
 * - `holds` is asked under newer config whether a decision still stands; false ends the flow's lifetime.
 */
export const middlebox = <const C extends Config = Record<never, never>, const S extends States = Record<never, never>>(
  _name: string,
  _: {
    readonly config?: C;
    readonly state?: S;
    readonly sees?: "client" | "both";
    filter?(packet: Packet, own: Own<C, S>): Verdict;
    decide?(flow: Flow, own: OwnConfig<C>): Decision;
    holds?(flow: DecidedFlow, own: OwnConfig<C>): boolean;
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
