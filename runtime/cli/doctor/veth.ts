/** Whether virtual cables between namespaces carry native XDP: tried on a pair made for it and removed at once. */
import { absent, type Fact, present, reasonOf } from "./fact.ts";

export async function vethFact(): Promise<Fact> {
  const identity = { id: "veth-native-xdp", title: "Native XDP on veth", neededFor: "lab" } as const;
  if (process.getuid?.() !== 0)
    return absent(identity, "not tried: it takes root", "Run zeta doctor as root.", "unknown");
  const { createLab } = await import("../../lab/index.ts");
  try {
    await using lab = createLab();
    const [a, b] = [await lab.namespace("a"), await lab.namespace("b")];
    await lab.connect({ namespace: a, interface: "one", passXdp: true }, { namespace: b, interface: "two" });
    return present(identity, "attached and detached");
  } catch (error) {
    return absent(
      identity,
      reasonOf(error),
      "Run a kernel with CONFIG_VETH and network namespaces, and install iproute2 and ethtool.",
      "limited",
    );
  }
}
