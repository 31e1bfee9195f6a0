/** What a lab of the command is made of: the content of `lab.config.ts`. */
import type { TimesConfig } from "../../cluster/time.ts";
import type { Config } from "../../config/live.ts";
import type { Tenant } from "../cluster/tenants.ts";
import type { Spread } from "../cluster/topology.ts";

export interface LabService {
  /** A source file or a bundle, relative to the config's file. */
  readonly source: string;
  /** What members call it; its own name unless told. */
  readonly name?: string;
  /** The tenant's network of its addresses. */
  readonly vni?: number;
  /** Its config, or the JSON file that holds it, relative to the config's file. */
  readonly config?: string | Config;
}

export interface LabConfig {
  /** How many, 1 to 32: each a namespace between the provider's router and the cluster's wire. */
  readonly forwarders: number;
  /** Of each chain, how many flow-table nodes: 1 to 4. At most 16 chains. */
  readonly chains: readonly number[];
  /** Namespaces behind the router: 1 client and 2 servers unless told, at most 32 of each. Their names are client1…, server1…. */
  readonly clients?: number;
  readonly servers?: number;
  /** Whether servers answer HTTP at port 80, with their names: yes unless told. */
  readonly web?: boolean;
  /** Whether the router gives forwarders packets in turn ("packets", unless told), or each flow to one of them. */
  readonly spread?: Spread;
  /** How many flows of each family every member has room for; 10 000 unless told. */
  readonly flows?: number;
  /** Networks of tenants, whose hosts are behind VXLAN devices of the kernel's; they may have equal addresses. */
  readonly tenants?: readonly Tenant[];
  /** Of the cluster, in milliseconds: what is left out is as it is told usually, and what breaks a bound is refused. */
  readonly times?: Partial<TimesConfig>;
  /** On every member. */
  readonly services?: readonly LabService[];
}

/** Gives back what it is given: for its types. */
export const defineLab = (config: LabConfig): LabConfig => config;
