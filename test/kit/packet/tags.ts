/** VLAN tags in front of a packet's layers. */
import type { LayerSpec, SpecOf } from "./layers.ts";

export interface VlanTag {
  readonly id: number;
  readonly priority?: number;
  readonly dropEligible?: boolean;
  /** 802.1Q unless told; 802.1ad is the service provider's tag. */
  readonly protocol?: "802.1Q" | "802.1ad";
}

/** The layers with tags, outermost first, behind the Ethernet header. */
export function tagged(
  specs: readonly LayerSpec[],
  tags: readonly VlanTag[],
  missing: (kind: string) => never,
): LayerSpec[] {
  const [frame, ...rest] = specs;
  if (frame?.kind !== "ethernet") return missing("ethernet");
  const { type, ...addresses } = frame;
  /** The EtherType in front of the `i`-th tag. Behind the last stands the frame's own, where it was given at all. */
  const typeBefore = (i: number): { type?: number } => {
    const tag = tags[i];
    if (tag !== undefined) return { type: tag.protocol === "802.1ad" ? 0x88a8 : 0x8100 };
    return type === undefined ? {} : { type };
  };
  const layers = tags.map(
    ({ protocol: _protocol, ...tag }, i): SpecOf<"vlan"> => ({ kind: "vlan", ...tag, ...typeBefore(i + 1) }),
  );
  return [{ ...addresses, ...typeBefore(0) }, ...layers, ...rest];
}
