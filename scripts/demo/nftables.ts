/**
 * The kernel's own connection tracking and address translation as the demo's gateway: the yardstick, and the proof that
 * the demo's network and measurements are right whatever balances.
 */
import type { Gateway, GatewayCounters } from "./gateway.ts";
import type { Backend, DemoNetwork } from "./network.ts";

export async function startNftables(network: DemoNetwork): Promise<Gateway> {
  const { gateway, serviceAddress, backends } = network;
  const nft = async (script: string) => (await gateway.run("nft", ["-f", "-"], { input: script })).stdout;

  await nft(`table ip demo {
  set refused { type ipv4_addr; }
  counter refused { }
${backends.map(({ name }) => `  counter ${name} { }`).join("\n")}
${backends.map(({ name, address }) => `  chain ${name} { counter name ${name} dnat to ${address}\n  }`).join("\n")}
  chain rules {
    type filter hook prerouting priority -200;
    ip daddr ${serviceAddress} ip saddr @refused counter name refused drop
  }
  chain balance { type nat hook prerouting priority -100;
  }
}
`);

  const useBackends = async (chosen: readonly Backend[]) => {
    const choices = chosen.map(({ name }, index) => `${index} : jump ${name}`).join(", ");
    const choose = `ip daddr ${serviceAddress} tcp dport 80 numgen random mod ${chosen.length} vmap { ${choices} }`;
    await nft(`flush chain ip demo balance\nadd rule ip demo balance ${choose}\n`);
  };
  await useBackends(backends);

  return {
    describes: "the kernel's own address translation (nftables)",
    useBackends,
    async refuse(sources) {
      const fill = sources.length === 0 ? "" : `add element ip demo refused { ${sources.join(", ")} }\n`;
      await nft(`flush set ip demo refused\n${fill}`);
    },
    async counters(): Promise<GatewayCounters> {
      const { stdout } = await gateway.run("nft", ["--json", "list", "counters"]);
      const listed = (JSON.parse(stdout) as { nftables: { counter?: { name: string; packets: number } }[] }).nftables;
      const packets = new Map(listed.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : [])));
      // A NAT chain sees the first packet of a connection only: its packets are connections.
      return {
        opened: new Map(backends.map(({ name }) => [name, packets.get(name) ?? 0])),
        refused: packets.get("refused") ?? 0,
      };
    },
    async [Symbol.asyncDispose]() {
      await nft("delete table ip demo\n");
    },
  };
}
