/** The ways in which a gateway may handle the frames: ours, the least possible, and the kernel's own. */
import { fileURLToPath } from "node:url";
import { compile } from "../../compiler/index.ts";
import { attach, type LoadedProgram, openNode } from "../../runtime/index.ts";
import { CLIENT, GATEWAY_OUT, type Network, PORT, SERVER, VIRTUAL } from "./network.ts";

export interface Way {
  readonly name: string;
  /** Where frames are sent. */
  readonly to: string;
  /** Sets the gateway up; it is as it was when what is given is disposed. */
  open(network: Network): Promise<AsyncDisposable>;
}

/** The program on both of the gateway's interfaces. */
async function attached(program: LoadedProgram, network: Network, open: AsyncDisposableStack): Promise<void> {
  for (const index of [network.near, network.far])
    open.use(await attach(program, { interface: index, namespace: network.gateway.path }));
}

const relay: Way = {
  name: "plain XDP redirect",
  to: SERVER,
  async open(network) {
    const open = new AsyncDisposableStack();
    await attached(network.relay, network, open);
    return open;
  },
};

/** One of the examples on a node. */
const service = (
  name: string,
  example: string,
  to: string,
  config: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): Way => ({
  name,
  to,
  async open(network) {
    await using opening = new AsyncDisposableStack();
    const path = fileURLToPath(new URL(`../../examples/${example}/service.ts`, import.meta.url));
    const built = await compile(path, { cpu: "v3" });
    if (!built.ok) throw new Error(built.problems.map(({ message }) => message).join("\n"));
    const node = await openNode({ flows: 65_536, load: { cpu: "v3" } });
    opening.defer(() => node.close());
    await node.add({ object: built.code.object, manifest: built.manifest }, { config });
    await attached(node.entry(), network, opening);
    return opening.move();
  },
});

/** What the kernel does by itself, with these rules of nft. */
const kernel = (name: string, to: string, rules: readonly string[]): Way => ({
  name,
  to,
  async open({ gateway }) {
    for (const rule of rules) await gateway.run("nft", [rule]);
    return {
      async [Symbol.asyncDispose]() {
        await gateway.run("nft", ["flush ruleset"]);
      },
    };
  },
});

const table = (hook: string, priority: number, rule: string): readonly string[] => [
  "add table ip rate",
  `add chain ip rate translate { type nat hook ${hook} priority ${priority} ; }`,
  `add rule ip rate translate ${rule}`,
];

export const ways: readonly Way[] = [
  relay,
  service("zeta nat44", "nat44", SERVER, {
    nat44: { inside: { "10.9.0.0/24": 1 }, external: { addresses: [GATEWAY_OUT] } },
  }),
  service("zeta balancer", "balancer", VIRTUAL, {
    service: { listen: [`${VIRTUAL}:${PORT}/udp`] },
    balancer: { backends: [`${SERVER}:${PORT}`] },
  }),
  kernel("kernel forwarding", SERVER, []),
  kernel("nftables SNAT", SERVER, table("postrouting", 100, `ip saddr ${CLIENT} snat to ${GATEWAY_OUT}`)),
  kernel("nftables DNAT", VIRTUAL, table("prerouting", -100, `ip daddr ${VIRTUAL} dnat to ${SERVER}`)),
];
