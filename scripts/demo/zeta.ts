/** Zeta as the demo's gateway: examples/acl and examples/balancer, compiled from TypeScript, in native XDP on every link. */
import { fileURLToPath } from "node:url";
import { compile } from "../../compiler/index.ts";
import { startService } from "../../runtime/index.ts";
import { DemoFailed } from "./check.ts";
import type { Gateway, GatewayCounters } from "./gateway.ts";
import type { Backend, DemoNetwork } from "./network.ts";

const source = fileURLToPath(new URL("service.ts", import.meta.url));
const PORT = 80;
/** More than the demo's client can send: the limiter is there, but not what is shown. */
const UNLIMITED = 1_000_000_000;

async function built() {
  const result = await compile(source);
  if (!result.ok) throw new DemoFailed(result.problems.map(({ code, message }) => `${code}: ${message}`).join("\n"));
  return result;
}

const rules = (refused: readonly string[]) => ({
  "0.0.0.0/0": { from: PORT, to: PORT },
  ...Object.fromEntries(refused.map((address) => [`${address}/32`, { from: 1, to: 0 }])),
});
const endpoint = ({ address }: Backend, weight: number) => ({ address, port: PORT, weight });

export async function startZeta(network: DemoNetwork): Promise<Gateway> {
  const { module, manifest, code } = await built();
  const { backends, front, gateway, serviceAddress } = network;
  const service = await startService(
    { manifest, code },
    {
      interfaces: [front, ...backends.map(({ link }) => link)].map((link) => link.interface),
      namespace: gateway.path,
      config: {
        service: { listen: [`${serviceAddress}:${PORT}/tcp`] },
        acl: { rules: rules([]), perSecond: UNLIMITED, burst: UNLIMITED },
        balancer: { backends: backends.map((backend) => endpoint(backend, 1)) },
      },
    },
  );
  return {
    describes: `examples/acl and examples/balancer in native XDP (${code.programs[0]?.instructions} instructions, from ${module.files.length} TypeScript files)`,
    async useBackends(chosen) {
      // Those left out keep the connections they have: weight 0 gives them no new ones.
      const weighted = backends.map((backend) => endpoint(backend, chosen.includes(backend) ? 1 : 0));
      service.config.set("balancer.backends", weighted);
    },
    async refuse(sources) {
      service.config.set("acl.rules", rules(sources));
    },
    async counters(): Promise<GatewayCounters> {
      const opened = service.opened();
      return {
        opened: new Map(backends.map(({ name, address }) => [name, Number(opened[`${address}:${PORT}`] ?? 0n)])),
        refused: Number(service.drops()["acl: port"] ?? 0n),
      };
    },
    [Symbol.asyncDispose]: () => service.close(),
  };
}
