/** The demo, step by step. Each step drives real traffic, checks what it claims, and says what it saw. */
import { fetchMany, httpLoad } from "../../runtime/lab/index.ts";
import { check } from "./check.ts";
import type { Gateway } from "./gateway.ts";
import { booked, show, total } from "./ledger.ts";
import type { DemoNetwork } from "./network.ts";
import { packetRate } from "./packets.ts";

export interface DemoSize {
  readonly connections: number;
  readonly seconds: number;
}

export type Say = (text: string) => void;

const count = (value: number) => value.toLocaleString("en");
export const listed = (failures: ReadonlyMap<string, number>) =>
  [...failures].map(([reason, times]) => `${times} × ${reason}`).join("; ");

/**
 * Before any service: the client reaches each backend through the gateway, and each knows itself. From the second
 * address: a backend keeps ended connections in mind for a minute, and one that comes again with the same address and
 * port by way of the service would be challenged first, and counted twice.
 */
export async function reachEachBackend({ client, backends, strangerAddress }: DemoNetwork, say: Say): Promise<void> {
  for (const { name, address, server } of backends) {
    const { succeeded, failures } = await fetchMany(client, `http://${address}/`, {
      count: 20,
      source: strangerAddress,
    });
    check(succeeded === 20, () => `backend ${name} answered ${succeeded} of 20 requests: ${listed(failures)}`);
    check((await server.logged(20)).length === 20, () => `backend ${name} logged more than it was asked`);
  }
  say("the client reaches each backend directly");
}

/** The main job: many connections through the service's address, none lost, both books the same. */
export async function driveConnections(network: DemoNetwork, gateway: Gateway, size: DemoSize, say: Say) {
  const { client, backends, serviceAddress } = network;
  const { result, spread } = await booked(gateway, backends, async () => {
    const fetched = await fetchMany(client, `http://${serviceAddress}/`, { count: size.connections });
    check(fetched.failures.size === 0, () => `of ${size.connections} requests failed: ${listed(fetched.failures)}`);
    return fetched;
  });
  check(
    total(spread) === size.connections,
    () => `${total(spread)} connections were balanced, not ${size.connections}`,
  );
  const perSecond = Math.round(size.connections / result.seconds);
  say(
    `${count(size.connections)} connections in ${result.seconds.toFixed(1)} s (${count(perSecond)} a second), none failed`,
  );
  say(`spread, servers' logs and gateway's counters alike: ${show(spread)}`);
  const least = Math.min(...spread.values());
  check(least > size.connections / 6, () => `a backend got only ${least} of ${size.connections} connections`);
}

/** How fast packets of kept connections pass. */
export async function measureRate(network: DemoNetwork, size: DemoSize, say: Say): Promise<void> {
  const { result, perSecond } = await packetRate(network.clientLink, () =>
    httpLoad(network.client, `http://${network.serviceAddress}/`, { seconds: size.seconds }),
  );
  check(isClean(result), () => `wrk saw failures: ${JSON.stringify(result)}`);
  say(
    `${count(perSecond)} packets a second, ${count(Math.round(result.requestsPerSecond))} requests a second, over 20 connections`,
  );
}

/** Rules and backends change while connections run; nobody who is allowed notices. */
export async function changeLive(network: DemoNetwork, gateway: Gateway, size: DemoSize, say: Say): Promise<void> {
  const { client, backends, serviceAddress, strangerAddress } = network;
  const url = `http://${serviceAddress}/`;
  const kept = httpLoad(client, url, { seconds: size.seconds + 4 });
  // Its failure is looked at below; until then it must not count as unhandled.
  kept.catch(() => {});
  const fetch = () => fetchMany(client, url, { count: size.connections / 10 });

  await gateway.refuse([strangerAddress]);
  const refusedBefore = (await gateway.counters()).refused;
  const stranger = await fetchMany(client, url, { count: 3, timeout: 1, source: strangerAddress });
  check(stranger.succeeded === 0, () => `the refused source got ${stranger.succeeded} of 3 answers`);
  const refused = (await gateway.counters()).refused - refusedBefore;
  check(refused >= 3, () => `only ${refused} packets were counted as refused`);
  const allowed = await fetch();
  check(allowed.failures.size === 0, () => `while a source was refused, another failed: ${listed(allowed.failures)}`);
  await gateway.refuse([]);
  const forgiven = await fetchMany(client, url, { count: 3, source: strangerAddress });
  check(forgiven.succeeded === 3, () => `the source that is allowed again failed: ${listed(forgiven.failures)}`);
  say(`rules changed live: a source refused (${refused} packets), then allowed; the others noticed nothing`);

  const [removed, ...rest] = backends.toReversed();
  check(removed !== undefined, () => "there are no backends");
  await gateway.useBackends(rest.toReversed());
  const without = await booked(gateway, backends, fetch);
  check(without.result.failures.size === 0, () => `without ${removed.name} failed: ${listed(without.result.failures)}`);
  check(without.spread.get(removed.name) === 0, () => `${removed.name}, removed, got new connections`);
  await gateway.useBackends(backends);
  const again = await booked(gateway, backends, fetch);
  check(again.result.failures.size === 0, () => `with ${removed.name} again failed: ${listed(again.result.failures)}`);
  check((again.spread.get(removed.name) ?? 0) > 0, () => `${removed.name}, back again, got no connection`);
  say(`backends changed live: without ${removed.name} ${show(without.spread)}; with it again ${show(again.spread)}`);

  const steady = await kept;
  check(isClean(steady), () => `connections that ran all the while failed: ${JSON.stringify(steady)}`);
  say(`20 connections ran through all changes: ${count(steady.requests)} requests, none failed`);
}

export const isClean = (result: Awaited<ReturnType<typeof httpLoad>>) =>
  result.badStatuses === 0 && Object.values(result.errors).every((times) => times === 0) && result.requests > 0;
