/** The kernel, libbpf and privileges, as the loader has tried them. */
import type { Feature } from "../../loader/features.ts";
import type { Fact, FactState, Need } from "./fact.ts";

/** Features without which something optional is lost; all others are needed to run anything. */
const OPTIONAL: readonly RegExp[] = [
  /^instruction set v4$/,
  /^JIT compiler$/,
  /^BTF of the kernel$/,
  /^own BPF file system$/,
  /^native XDP on veth$/,
  /^map kind /,
  /^helper /,
];

/** Families that a person reads as one line while all is well. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/^map kind /, "Map kinds"],
  [/^helper /, "Helpers"],
  [/^instruction set /, "Instruction sets"],
  [/^capability /, "Capabilities"],
];

function stateOf({ name, ok }: Feature): FactState {
  if (ok === null) return "unknown";
  if (ok) return "ok";
  return OPTIONAL.some((pattern) => pattern.test(name)) ? "limited" : "missing";
}

const needOf = ({ name }: Feature): Need => (name === "native XDP on veth" ? "lab" : "run");

const factOf = (feature: Feature): Fact => ({
  id: feature.name.replace(/\W+/g, "-").toLowerCase(),
  title: `${feature.name.charAt(0).toUpperCase()}${feature.name.slice(1)}`,
  family: FAMILIES.find(([pattern]) => pattern.test(feature.name))?.[1] ?? null,
  neededFor: needOf(feature),
  state: stateOf(feature),
  found: feature.found,
  remedy: feature.remedy,
});

export async function kernelFacts(): Promise<Fact[]> {
  const { probeFeatures } = await import("../../loader/features.ts");
  return (await probeFeatures()).map(factOf);
}
