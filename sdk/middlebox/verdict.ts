import { compiledOnly } from "../compiled.ts";

declare const verdict: unique symbol;
declare const decision: unique symbol;

/** What a filter says of a packet. */
export interface Verdict {
  readonly [verdict]: true;
}
/** What is decided for a flow. */
export interface Decision {
  readonly [decision]: true;
}

/** Let the packet go on to the next filter. */
export const pass = (): Verdict => compiledOnly("pass");
/** Drop it, and count it under this name. */
export const drop = (_reason: string): Verdict & Decision => compiledOnly("drop");
/** Drop it, tell the sender (TCP RST, ICMP unreachable), and count it under this name. */
export const reject = (_reason: string): Verdict & Decision => compiledOnly("reject");
