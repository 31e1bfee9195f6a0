/**
 * A cluster in the place of one gateway: examples/balancer/lab.config.ts, as `zeta lab up` builds it. Every packet goes to another
 * forwarder than the one before, members fail under traffic and come back, and no connection notices.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "../../compiler/index.ts";
import { fetchMany, httpLoad } from "../../runtime/lab/index.ts";
import { readLabConfig } from "../../runtime/lab/standing/config-file.ts";
import type { LabService } from "../../runtime/lab/standing/define.ts";
import { removeAll } from "../../runtime/lab/standing/down.ts";
import { fail, heal } from "../../runtime/lab/standing/faults.ts";
import { namespaceNamed } from "../../runtime/lab/standing/parts.ts";
import { placeOf } from "../../runtime/lab/standing/place.ts";
import { bringUp, type ReadyService } from "../../runtime/lab/standing/up.ts";
import { changeView } from "../../runtime/lab/standing/view.ts";
import { check, DemoFailed } from "./check.ts";
import { isClean, listed, type Say } from "./steps.ts";

const CONFIG = fileURLToPath(new URL("../../examples/balancer/lab.config.ts", import.meta.url));
const COMMAND = fileURLToPath(new URL("../../runtime/cli/main.ts", import.meta.url));
const URL_OF_SERVICE = "http://10.1.0.1/";
/** One of each kind, and both heads. */
const FAILING = ["table1-1", "table2-1", "forwarder1"] as const;

async function ready(services: readonly LabService[]): Promise<readonly ReadyService[]> {
  const all: ReadyService[] = [];
  for (const { source, ...rest } of services) {
    const result = await compile(resolve(dirname(CONFIG), source));
    if (!result.ok) throw new DemoFailed(result.problems.map(({ code, message }) => `${code}: ${message}`).join("\n"));
    all.push({ ...(rest as object), what: { manifest: result.manifest, object: result.code.object } });
  }
  return all;
}

export async function demonstrateCluster(
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
  say: Say,
): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), "zeta-demo-"));
  const place = placeOf(state);
  try {
    const config = await readLabConfig(CONFIG, "lab.config.ts");
    const services = await ready(config.services as readonly LabService[]);
    const record = await bringUp(place, { config, file: CONFIG, services, zeta: [process.execPath, COMMAND] });
    const client = namespaceNamed(place, record, "client1");
    const fetch = async (): Promise<void> => {
      const { failures } = await fetchMany(client, URL_OF_SERVICE, { count: connections });
      check(failures.size === 0, () => `of ${connections} requests to the cluster failed: ${listed(failures)}`);
    };
    say("a cluster is up: three forwarders, and two chains of three flow-table nodes");
    await fetch();
    say(`${connections} connections, each packet by the next forwarder: none failed`);

    const kept = httpLoad(client, URL_OF_SERVICE, { seconds });
    kept.catch(() => {});
    for (const name of FAILING) await fail(place, name, "both");
    const { view: without } = await changeView(place, { without: FAILING });
    await fetch();
    say(`${FAILING.join(", ")} frozen and taken out (epoch ${without.epoch}): new connections go on`);
    for (const name of FAILING) await heal(place, name);
    const { view: whole } = await changeView(place, { with: FAILING });
    check(
      whole.chains.every(({ complete }) => complete.length === 3),
      () => "a chain is not whole again",
    );
    await fetch();
    say(`healed, filled with every flow they had missed, and back in their chains (epoch ${whole.epoch})`);
    const steady = await kept;
    check(isClean(steady), () => `connections that ran all the while failed: ${JSON.stringify(steady)}`);
    say(`20 connections ran through all of it: ${steady.requests.toLocaleString("en")} requests, none failed`);
  } finally {
    await removeAll(place);
    rmSync(state, { recursive: true, force: true });
  }
}
