/** What histories by hand are told with: who is who, what is sent, what becomes of frames, and how views change. */
import type { Change } from "../../runtime/cluster/change.ts";
import type { Times } from "../../runtime/cluster/time.ts";
import { memberOf, type View } from "../../runtime/cluster/view.ts";
import type { Mishap } from "./script.ts";

/** Leases are followed to their very end, and not renewed when a part of them is over. */
export const FOLLOWED = (times: Times): Times => ({ ...times, renewAfter: times.cacheLease });
/** And connections end at once, so that all rests on tombstones. */
export const BARE = (times: Times): Times => ({ ...FOLLOWED(times), closingLife: 0 });

export const H = 1;
export const T = 2;
export const F1 = 102;

export const lost = (since: number, until: number, what: RegExp, to?: number): Mishap => ({
  since,
  until,
  what,
  delays: [],
  ...(to === undefined ? {} : { to }),
});

/** All other frames take next to no time. */
export const QUICKLY: Mishap = { since: 0, until: Number.POSITIVE_INFINITY, what: /^/, delays: [0.1] };
export const late = (since: number, until: number, what: RegExp, delay: number, to?: number): Mishap => ({
  ...lost(since, until, what, to),
  delays: [delay],
});

export const expels =
  (node: number) =>
  (view: View): Change => ({
    kind: "expel",
    node,
    joined: memberOf(view, node)?.member.joined ?? 0,
  });
/** To the chain of the flow, which is the first. */
export const joins = (node: number) => (): Change => ({ kind: "join", chain: 0, node });

export const SYN = { packet: "SYN", flow: 0 } as const;
export const DATA = { packet: "DATA", flow: 0 } as const;
export const FIN = { packet: "FIN", flow: 0 } as const;

/** Another epoch, and nothing else. */
export const bumps = ({ forwarders, entrances }: View): Change => {
  const [first = 0] = forwarders;
  return { kind: "entrances", forwarders, entrances: { ...entrances, "10.9.9.9": first } };
};
