/**
 * How many flows a tenant may have at once, and how many new ones a second. Only what opens a flow asks; the tenant is the
 * network that it comes from. How exact the count is: docs/decisions/0080-quotas-count-what-they-saw.md.
 */
import { Action, atomic, clock, map, type Of, program, struct, type u32 as U32, u32, u64 } from "zeta/bpf";
import { spansNow } from "../flow/time.ts";
import { lives } from "../flow/ways/way.ts";
import { bucket, takeToken } from "../state/bucket.ts";
import { because } from "./drops.ts";
import { refused, withCall } from "./stage.ts";
import { enterCommit, Stage, zeta_node_stages } from "./stages.ts";

/** Tenants that have one. */
export const MOST_QUOTAS = 4096;

/** Written by the agent alone. */
const quotaRecord = struct({
  /** All bits set: as many as there is room for. */
  flows: u64,
  perSecond: u64,
  /** 0: as many a second as come. */
  burst: u64,
  /** Flows that ended without a packet, modulo 2^64, as the agent last counted what stands (runtime/node/sweeper.ts). */
  ended: u64,
  /** The tenant's place in `zeta_node_tenants`. */
  slot: u32,
});
export const zeta_node_quotas = map.hash({ key: u32, value: quotaRecord, max: MOST_QUOTAS });
export const zeta_node_limited = map.array({
  value: struct({
    /** Not 0 while any tenant has a quota. */
    set: u32,
    /**
     * The time, in spans, until which the last count of flows is good; 0, always. An agent that is gone counts nothing out any
     * more: then as many flows may stand as there is room for, and not ever fewer.
     */
    good: u32,
  }),
  max: 1,
});

/** Written here alone. */
const tenantRecord = struct({
  bucket,
  /** Flows entered, and flows forgotten by a packet. */
  entered: u64,
  left: u64,
  /** Refused for either quota. */
  tooMany: u64,
  tooFast: u64,
});
type Tenant = Of<typeof tenantRecord>;
export const zeta_node_tenants = map.array({ value: tenantRecord, max: MOST_QUOTAS });

/** Whether any tenant has a quota: nothing else is looked up where none has. */
export const isLimited = (): boolean => (zeta_node_limited.at(0)?.set ?? 0) !== 0;

const isCounted = (): boolean => {
  const good = zeta_node_limited.at(0)?.good ?? 0;
  return good === 0 || lives(good, spansNow());
};

const HALF = 1n << 63n;
/** A count that is briefly below nothing is nothing. */
const isFull = ({ flows, ended }: Of<typeof quotaRecord>, { entered, left }: Tenant): boolean => {
  const standing: u64 = entered - left - ended;
  return standing >= flows && standing < HALF && isCounted();
};

const tenantOf = (vni: U32): Tenant | null => {
  const quota = zeta_node_quotas.get(vni);
  return quota === null ? null : zeta_node_tenants.at(quota.slot);
};

/** A flow of the network was entered. */
export const countEntered = (vni: U32): void => {
  const tenant = isLimited() ? tenantOf(vni) : null;
  if (tenant !== null) atomic.add(tenant, "entered", 1n);
};

/** A flow of the network was forgotten. */
export const countLeft = (vni: U32): void => {
  const tenant = isLimited() ? tenantOf(vni) : null;
  if (tenant !== null) atomic.add(tenant, "left", 1n);
};

/** Before a flow is committed. One that is decided anew takes its own place: it is only a new one to the rate. */
const admit = withCall((call) => {
  const quota = zeta_node_quotas.get(call.vni);
  const tenant = quota === null ? null : zeta_node_tenants.at(quota.slot);
  if (quota !== null && tenant !== null) {
    if (call.decided === 0 && isFull(quota, tenant)) {
      atomic.add(tenant, "tooMany", 1n);
      return refused(call, because.tooMany());
    }
    const { perSecond, burst } = quota;
    if (burst !== 0n && !takeToken(tenant.bucket, { perSecond, burst }, clock("coarse"))) {
      atomic.add(tenant, "tooFast", 1n);
      return refused(call, because.tooFast());
    }
  }
  call.admitted = 1;
  enterCommit(call.packet.type);
  return Action.Drop;
});

export const zeta_admit = program("zeta_admit", admit, {
  slot: { table: zeta_node_stages, index: Stage.Admit },
});
