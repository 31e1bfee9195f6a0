/** Zeta as the demo's gateway: examples/acl and examples/balancer, compiled from TypeScript, in native XDP on every link. */
import { fileURLToPath } from "node:url";
import { compile } from "../../compiler/index.ts";
import { kernelStore } from "../../runtime/config/kernel-store.ts";
import { openConfig } from "../../runtime/config/live.ts";
import { attach, load, typedMap } from "../../runtime/index.ts";
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

/** Where flows were sent, in memory order; see bpf-lib/flow/entry.ts. */
interface Destination {
  readonly address: readonly number[];
}

/** "10.2.1.2" as the last word of an address in memory order. */
const wordOf = (address: string): number =>
  address.split(".").reduceRight((word, part) => word * 256 + Number(part), 0);

export async function startZeta(network: DemoNetwork): Promise<Gateway> {
  const { module, manifest, code } = await built();
  const loaded = await load({ object: code.object, manifest });
  await using undo = new AsyncDisposableStack();
  undo.defer(() => loaded.close());
  const config = openConfig(manifest, kernelStore(manifest, loaded));
  undo.defer(() => config.close());

  const rules = (refused: readonly string[]) => ({
    "0.0.0.0/0": { from: PORT, to: PORT },
    ...Object.fromEntries(refused.map((address) => [`${address}/32`, { from: 1, to: 0 }])),
  });
  const endpoint = ({ address }: Backend, weight: number) => ({ address, port: PORT, weight });
  config.set({
    service: { listen: [`${network.serviceAddress}:${PORT}/tcp`] },
    acl: { rules: rules([]), perSecond: UNLIMITED, burst: UNLIMITED },
    balancer: { backends: network.backends.map((backend) => endpoint(backend, 1)) },
  });
  const root = loaded.program(manifest.service?.root ?? "");
  for (const { interface: name } of [network.front, ...network.backends.map(({ link }) => link)]) {
    const attachment = await attach(root, { interface: name, namespace: network.gateway.path });
    undo.defer(() => attachment.detach());
  }

  const mapData = (name: string) => {
    const data = manifest.maps.find((map) => map.name === name);
    if (data === undefined) throw new DemoFailed(`the service has no map '${name}'`);
    return data;
  };
  const openedByAddress = (): ReadonlyMap<number, number> => {
    const opened = typedMap(loaded.map("zeta_opened"), mapData("zeta_opened"));
    if (opened.kind !== "lruHash") throw new DemoFailed("the counters of opened flows are not by key");
    return new Map(
      [...(opened.entries() as Iterable<[Destination, { readonly flows: bigint }]>)].map(([{ address }, { flows }]) => [
        address[3] ?? 0,
        Number(flows),
      ]),
    );
  };
  const dropped = (reason: string): number => {
    const index = manifest.service?.drops.indexOf(reason) ?? -1;
    const drops = typedMap(loaded.map("zeta_drops"), mapData("zeta_drops"));
    if (drops.kind !== "perCpuArray") throw new DemoFailed("the drop counters are not keyed");
    const shares = drops.get(index) as readonly { readonly count: bigint }[] | undefined;
    return Number((shares ?? []).reduce((sum, { count }) => sum + count, 0n));
  };

  const held = undo.move();
  return {
    describes: `examples/acl and examples/balancer in native XDP (${code.programs[0]?.instructions} instructions, from ${module.files.length} TypeScript files)`,
    async useBackends(chosen) {
      // Those left out keep the connections they have: weight 0 gives them no new ones.
      config.set(
        "balancer.backends",
        network.backends.map((backend) => endpoint(backend, chosen.includes(backend) ? 1 : 0)),
      );
    },
    async refuse(sources) {
      config.set("acl.rules", rules(sources));
    },
    async counters(): Promise<GatewayCounters> {
      const opened = openedByAddress();
      return {
        opened: new Map(network.backends.map(({ name, address }) => [name, opened.get(wordOf(address)) ?? 0])),
        refused: dropped("acl: port"),
      };
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
