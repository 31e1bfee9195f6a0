/**
 * Quotas of a node's tenants: how many flows each may have at once, and how many new ones a second. The data plane counts
 * what enters and what is forgotten; flows that end by idling are counted out here, after each sweep of the flow tables. See
 * docs/decisions/0080-quotas-count-what-they-saw.md.
 */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { decode, encode } from "../../sdk/layout/codec.ts";
import { word } from "../loader/word.ts";
import { layoutOf, NODE_MAP } from "./shapes.ts";
import type { NodeTables } from "./store.ts";

/** What a tenant may use: at least one of them. */
export interface Quota {
  /** Flows at once: 0 or more; as many as there is room for unless told. */
  readonly flows?: number | undefined;
  /** Flows opened: a token bucket. As many as come unless told. */
  readonly newFlows?: NewFlows | undefined;
}

export interface NewFlows {
  /** 1 to 10^9. */
  readonly perSecond: number;
  /** How many at once after a rest: 1 to 10^9. */
  readonly burst: number;
}

/** By network (VNI); 0 is the provider's own, outside overlays. */
export type QuotasOfTenants = Readonly<Record<number | `${number}`, Quota>>;

/** How far a tenant has used its quota. */
export interface QuotaUse {
  readonly vni: number;
  readonly quota: Quota;
  /** Flows that count now: never fewer than stand, and more by those that have ended since they were last counted. */
  readonly flows: bigint;
  /** Packets refused since the quota was set first: of new flows, for either reason. */
  readonly refused: { readonly flows: bigint; readonly newFlows: bigint };
}

export interface Quotas {
  /**
   * Replaces all that was set before: flows that stand are counted, then new ones are refused beyond it. Flows that stand are
   * never ended by it. @throws ZetaError: ZT8202, ZT8203; then nothing has changed.
   */
  set(quotas: QuotasOfTenants): Promise<void>;
  /** What is in force. */
  get(): QuotasOfTenants;
  /** In the order of networks. */
  uses(): readonly QuotaUse[];
}

/** Counts the flows that stand. */
export interface FlowCounting {
  /** Begins a new count of all flows, and ends when it is done. */
  count(): Promise<void>;
  /** Counts flows over and over, as long as quotas are set. */
  keepCounting(): void;
}

/** What is told when a count begins and when it ends. */
export interface CountUser {
  begin(): void;
  /** Flows counted, by network, of a count that began at this time, in spans. */
  end(flows: ReadonlyMap<number, number>, now: number): void;
}

interface Held {
  readonly slot: number;
  /** Null while flows are only counted. */
  quota: Quota | null;
  ended: bigint;
  /** Flows entered when the current count began. */
  enteredBefore: bigint;
}

interface Tenant {
  readonly entered: bigint;
  readonly left: bigint;
  readonly tooMany: bigint;
  readonly tooFast: bigint;
}

/** Spans that a count is good for, about ten minutes: much longer than a sweep of the largest table. */
const GOOD_FOR = 9600;
const UNLIMITED = 2n ** 64n - 1n;
const wrapped = (value: bigint): bigint => BigInt.asUintN(64, value);

export interface CountedQuotas extends Quotas, CountUser {
  /** Which part of every quota is this node's to give out, rounded up: 1, all of it, for a node by itself. */
  readonly share: (part: number) => void;
  readonly areSet: () => boolean;
  /** Without it nothing ever ends by idling. */
  countBy(by: FlowCounting): void;
}

export function quotasOf(manifest: Manifest, tables: NodeTables): CountedQuotas {
  const layout = layoutOf(manifest, NODE_MAP.quotas, "value");
  const limited = layoutOf(manifest, NODE_MAP.limited, "value");
  const tenant = layoutOf(manifest, NODE_MAP.tenants, "value");
  const held = new Map<number, Held>();
  const free: number[] = [];
  let counting: FlowCounting | null = null;

  const tenantAt = (slot: number): Tenant => {
    const bytes = tables.read(NODE_MAP.tenants, word(slot));
    return decode(tenant, bytes ?? new Uint8Array(tenant.size)) as unknown as Tenant;
  };
  let part = 1;
  const ours = (of: number): bigint => BigInt(Math.ceil(of * part));
  const write = (vni: number, { slot, quota, ended }: Held): void => {
    const { perSecond, burst } = quota?.newFlows ?? { perSecond: 0, burst: 0 };
    const flows = quota?.flows === undefined ? UNLIMITED : ours(quota.flows);
    const record = { flows, perSecond: ours(perSecond), burst: ours(burst), ended, slot };
    tables.write(NODE_MAP.quotas, word(vni), encode(layout, record));
  };
  /** From now on its flows are counted. */
  const take = (vni: number): void => {
    const slot = free.pop() ?? held.size;
    tables.write(NODE_MAP.tenants, word(slot), new Uint8Array(tenant.size));
    const one: Held = { slot, quota: null, ended: 0n, enteredBefore: 0n };
    held.set(vni, one);
    write(vni, one);
  };
  const release = (vni: number, { slot }: Held): void => {
    tables.remove(NODE_MAP.quotas, word(vni));
    held.delete(vni);
    free.push(slot);
  };
  let good = 0;
  const tell = (): void => {
    const set = held.size === 0 ? 0 : 1;
    tables.write(NODE_MAP.limited, word(0), encode(limited, { set, good }));
  };

  async function replace(quotas: ReadonlyMap<number, Quota>): Promise<void> {
    for (const [vni, one] of held) if (!quotas.has(vni)) release(vni, one);
    const fresh = [...quotas.keys()].filter((vni) => !held.has(vni));
    for (const vni of fresh) take(vni);
    tell();
    if (held.size > 0) counting?.keepCounting();
    // Those that were counted before are refused by their new quotas at once, all others when they are counted.
    const enforce = (vni: number): void => {
      const one = held.get(vni);
      if (one === undefined) return;
      one.quota = quotas.get(vni) ?? null;
      write(vni, one);
    };
    const waiting = new Set(fresh);
    for (const vni of quotas.keys()) if (!waiting.has(vni)) enforce(vni);
    if (fresh.length > 0) await counting?.count();
    for (const vni of fresh) enforce(vni);
  }

  let last: Promise<unknown> = Promise.resolve();
  return {
    async set(given) {
      const quotas = (await import("./quota-schema.ts")).checkedQuotas(given);
      const work = last.then(() => replace(quotas));
      last = work.catch(() => undefined);
      await work;
    },
    get: () =>
      Object.fromEntries([...held].flatMap(([vni, { quota }]) => (quota === null ? [] : [[vni, quota] as const]))),
    uses: () =>
      [...held]
        .map(([vni, { slot, quota, ended }]): QuotaUse => {
          const { entered, left, tooMany, tooFast } = tenantAt(slot);
          const flows = BigInt.asIntN(64, entered - left - ended);
          const refused = { flows: tooMany, newFlows: tooFast };
          return { vni, quota: quota ?? {}, flows: flows < 0n ? 0n : flows, refused };
        })
        .sort((a, b) => a.vni - b.vni),
    begin() {
      for (const one of held.values()) one.enteredBefore = tenantAt(one.slot).entered;
    },
    /**
     * Whoever stands now was counted, or has entered since the count began: so many count, and from now on those that enter
     * and not those that are forgotten.
     */
    end(flows, now) {
      for (const [vni, one] of held) {
        one.ended = wrapped(one.enteredBefore - tenantAt(one.slot).left - BigInt(flows.get(vni) ?? 0));
        write(vni, one);
      }
      good = Math.max(1, (now + GOOD_FOR) >>> 0);
      tell();
    },
    share(now) {
      if (now === part) return;
      part = now;
      for (const [vni, one] of held) write(vni, one);
    },
    areSet: () => held.size > 0,
    countBy(by) {
      counting = by;
    },
  };
}
