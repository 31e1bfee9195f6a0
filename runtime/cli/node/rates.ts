/** From two looks at a node: what happened in between, per second. */
import type { Plain } from "../../control/client.ts";
import type { NodeStatus } from "../../control/status.ts";

export interface ServiceRates {
  readonly name: string;
  readonly vni: number;
  readonly packets: number;
  /** Bits, as line rates are said. */
  readonly bits: number;
  readonly opened: number;
  readonly flows: number;
  readonly dropped: number;
}

export interface DropRate {
  readonly service: string;
  readonly reason: string;
  readonly rate: number;
  /** Since the node was started. */
  readonly total: bigint;
}

export interface Rates {
  /** Between the looks. */
  readonly seconds: number;
  readonly services: readonly ServiceRates[];
  /** Drops that ever happened, the most frequent first. */
  readonly drops: readonly DropRate[];
  readonly tables: Plain<NodeStatus>["tables"];
  readonly tenants: readonly TenantRates[];
}

export type TenantRates = Plain<NodeStatus>["tenants"][number] & {
  /** Packets of new flows, for its quota. */
  readonly refusals: number;
};

type Status = Plain<NodeStatus>;
type Service = Status["services"][number];

const sum = (values: readonly (number | string)[]): bigint => values.reduce((total, one) => total + BigInt(one), 0n);

/** A service that was removed and added again counts from 0. */
const grown = (now: number | string, before: number | string | undefined): number =>
  Math.max(0, Number(BigInt(now) - BigInt(before ?? 0)));

export function ratesOf(now: Status, before: Status, seconds: number): Rates {
  const known = new Map<string, Service>(before.services.map((one) => [one.name, one]));
  const per = (count: number): number => (seconds > 0 ? count / seconds : 0);
  const services = now.services.map((one): ServiceRates => {
    const old = known.get(one.name);
    const [dropped, droppedBefore] = [sum(Object.values(one.drops)), sum(Object.values(old?.drops ?? {}))];
    return {
      name: one.name,
      vni: one.vni,
      packets: per(grown(one.traffic.packets, old?.traffic.packets)),
      bits: per(grown(one.traffic.bytes, old?.traffic.bytes) * 8),
      opened: per(grown(one.traffic.opened, old?.traffic.opened)),
      flows: one.flows,
      dropped: per(grown(String(dropped), String(droppedBefore))),
    };
  });
  const drops = now.services
    .flatMap(({ name, drops: all }) =>
      Object.entries(all).map(([reason, total]): DropRate => {
        const rate = per(grown(total, known.get(name)?.drops[reason]));
        return { service: name, reason, rate, total: BigInt(total) };
      }),
    )
    .filter(({ total }) => total > 0n)
    .sort((a, b) => b.rate - a.rate || Number(b.total - a.total));
  const refusedOf = ({ refused }: Status["tenants"][number]): bigint => sum(Object.values(refused));
  const refusedBefore = new Map(before.tenants.map((one) => [one.vni, refusedOf(one)]));
  const tenants = now.tenants.map((one): TenantRates => {
    const old = refusedBefore.get(one.vni);
    return { ...one, refusals: per(grown(String(refusedOf(one)), old === undefined ? undefined : String(old))) };
  });
  return { seconds, services, drops, tables: now.tables, tenants };
}

const UNITS = ["", "k", "M", "G", "T"];

/** "0", "12", "1.5k", "12.3M". */
export function shortNumber(value: number): string {
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1000;
    unit++;
  }
  return unit === 0 ? String(Math.round(rest)) : `${rest.toFixed(rest < 99.95 ? 1 : 0)}${UNITS[unit]}`;
}
