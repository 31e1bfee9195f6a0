/** `npm run demo [-- --gateway NAME]`: a load balancer on real connections, and a cluster in its place, from an empty machine to clean again. */
import { parseArgs } from "node:util";
import { buildLab } from "../runtime/lab/index.ts";
import { DemoFailed } from "./demo/check.ts";
import { demonstrateCluster } from "./demo/cluster.ts";
import type { StartGateway } from "./demo/gateway.ts";
import { buildNetwork } from "./demo/network.ts";
import { startNftables } from "./demo/nftables.ts";
import { changeLive, driveConnections, measureRate, reachEachBackend } from "./demo/steps.ts";
import { startZeta } from "./demo/zeta.ts";

const gateways: Readonly<Record<string, StartGateway>> = { zeta: startZeta, nftables: startNftables };
const size = { connections: 10_000, seconds: 5 };
const cluster = { connections: 500, seconds: 10 };

const { values } = parseArgs({ options: { gateway: { type: "string", default: "zeta" } } });
const start = gateways[values.gateway];
const say = (text: string) => console.log(`demo: ${text}`);

if (start === undefined) {
  console.error(`demo: no gateway is named '${values.gateway}'; there are ${Object.keys(gateways).join(", ")}.`);
  process.exitCode = 2;
} else {
  try {
    await demonstrate(start);
    if (values.gateway === "zeta") await demonstrateCluster(cluster, say);
    say("done; nothing is left on the machine");
  } catch (error) {
    if (!(error instanceof DemoFailed)) throw error;
    console.error(`demo: FAILED: ${error.message}`);
    process.exitCode = 1;
  }
}

async function demonstrate(startGateway: StartGateway): Promise<void> {
  await using built = await buildLab(buildNetwork);
  say("a client, a gateway and three web servers are up, each in a network namespace of its own");
  await reachEachBackend(built, say);
  await using gateway = await startGateway(built);
  say(`on the gateway: ${gateway.describes}`);
  await driveConnections(built, gateway, size, say);
  await measureRate(built, size, say);
  await changeLive(built, gateway, size, say);
}
