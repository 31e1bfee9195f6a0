/** Keeps two books of the same thing: the web servers' own logs, and the gateway's counters. They must agree. */
import { setTimeout as pause } from "node:timers/promises";
import { check } from "./check.ts";
import type { Gateway } from "./gateway.ts";
import type { Backend } from "./network.ts";

export type Spread = ReadonlyMap<string, number>;

/** Connections that each server has seen a request on. */
export function loggedConnections(backends: readonly Backend[]): Spread {
  return new Map(
    backends.map(({ name, server }) => [name, new Set(server.requests().map((one) => one.connection)).size]),
  );
}

export const difference = (after: Spread, before: Spread): Spread =>
  new Map([...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)]));

export const total = (spread: Spread): number => [...spread.values()].reduce((sum, count) => sum + count, 0);

export const show = (spread: Spread): string => [...spread].map(([name, count]) => `${name} ${count}`).join("  ");

/**
 * Runs `traffic` and returns how its connections were spread, after both books told the same. The servers write their
 * logs a moment after the answer, so the logs are read until they hold what the gateway counted, or two seconds passed.
 */
export async function booked<T>(
  gateway: Gateway,
  backends: readonly Backend[],
  traffic: () => Promise<T>,
): Promise<{ result: T; spread: Spread }> {
  const countedBefore = (await gateway.counters()).opened;
  const loggedBefore = loggedConnections(backends);
  const result = await traffic();
  const counted = difference((await gateway.counters()).opened, countedBefore);
  let logged = difference(loggedConnections(backends), loggedBefore);
  for (const deadline = Date.now() + 2_000; !equal(logged, counted) && Date.now() < deadline; await pause(20))
    logged = difference(loggedConnections(backends), loggedBefore);
  check(equal(logged, counted), () => `servers logged ${show(logged)}, the gateway counted ${show(counted)}`);
  return { result, spread: counted };
}

const equal = (one: Spread, other: Spread) => [...one].every(([name, count]) => other.get(name) === count);
