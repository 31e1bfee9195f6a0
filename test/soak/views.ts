/**
 * Views changed at random: epochs that change nothing, forwarders that leave and come back, members of chains that are lost, come
 * back, and are filled, buckets that move to the other chain or stay where they are after all. Members hear of each view at times of
 * their own.
 */
import { setTimeout as pause } from "node:timers/promises";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { BUCKETS } from "../../runtime/cluster/buckets.ts";
import { type Change, propose } from "../../runtime/cluster/change.ts";
import type { Chain, Member, View } from "../../runtime/cluster/view.ts";
import { writeView } from "../../runtime/cluster/view-store.ts";
import { clientOf, stateOfAgent, tellToLook } from "../../runtime/lab/standing/agents.ts";
import { fail, heal } from "../../runtime/lab/standing/faults.ts";
import { type LabRecord, type MemberRecord, readRecord, writeRecord } from "../../runtime/lab/standing/record.ts";
import { spreadOver } from "../../runtime/lab/standing/view.ts";
import type { Random } from "../kit/random.ts";
import type { World } from "./world.ts";

/** Milliseconds that a member may hear of a view later than another. */
const LATEST = 100;
/** Milliseconds between a view that all have and the next one. */
const PAUSES = [0, 400] as const;

const ACTIONS = ["epoch", "forwarders", "lose forwarder", "lose member", "return", "filled", "move", "stay"] as const;
export type ViewAction = (typeof ACTIONS)[number];

export interface ViewChanges {
  readonly epochs: number;
  /** Seconds from when a member was frozen until all the others acted by a view without it: at most. */
  readonly longestLoss: number;
  readonly actions: Readonly<Record<ViewAction, number>>;
}

type Next = { readonly view: View } | null;

export function startViews(world: World, random: Random) {
  const { place } = world;
  let record: LabRecord = readRecord(place);
  let longestLoss = 0;
  const out: MemberRecord[] = [];
  const actions = Object.fromEntries(ACTIONS.map((name) => [name, 0])) as Record<ViewAction, number>;
  const forwarders = record.members.filter(({ kind }) => kind === "forwarder");
  const named = (id: number): MemberRecord => record.members.find((one) => one.id === id) as MemberRecord;
  const first = record.view.epoch;
  let going = true;

  /** Those whose agents run hear of it, in any order. */
  const tell = async (view: View): Promise<void> => {
    record = { ...record, view };
    writeRecord(place, record);
    writeView(place.store, view);
    await spreadOver(place, record, view);
    const running = record.members.filter((member) => stateOfAgent(member) === "runs");
    const delays = running.map(() => random.below(LATEST));
    await Promise.all(
      running.map(async (member, index) => {
        await pause(delays[index]);
        await tellToLook(place, member);
      }),
    );
  };
  const without = async (lost: MemberRecord, next: () => Next): Promise<Next> => {
    const began = performance.now();
    await fail(place, lost.name, random.pick(["data", "agent", "both"] as const));
    const view = next();
    if (view !== null) await tell(view.view);
    longestLoss = Math.max(longestLoss, (performance.now() - began) / 1000);
    return view;
  };
  const proposed = (change: Change): Next => {
    const view = propose(record.view, change);
    return view === null ? null : { view };
  };
  /** An agent speaks of the view that it knows: on a newer one what it asks for may be refused. */
  const asProposed = (change: Change): Next => {
    try {
      return proposed(change);
    } catch (error) {
      if (error instanceof ZetaError) return null;
      throw error;
    }
  };
  const withForwarders = (ids: readonly number[]): Next =>
    ids.join() === record.view.forwarders.join()
      ? null
      : proposed({ kind: "entrances", forwarders: ids, entrances: {} });
  const expelled = ({ node, joined }: Member): Next => proposed({ kind: "expel", node, joined });

  const act: Readonly<Record<ViewAction, () => Promise<Next>>> = {
    epoch: async () => ({ view: { ...record.view, epoch: record.view.epoch + 1 } }),
    forwarders: async () => {
      const ids = forwarders.map(({ id }) => id).filter(() => random.chance(0.6));
      return ids.length === 0 ? null : withForwarders(ids);
    },
    /** Frozen, taken out, and well again. It takes packets when its turn comes. */
    "lose forwarder": async () => {
      const { forwarders: now } = record.view;
      if (now.length < 2) return null;
      const lost = random.pick(now);
      const next = await without(named(lost), () => withForwarders(now.filter((id) => id !== lost)));
      await heal(place, named(lost).name);
      return next;
    },
    "lose member": async () => {
      const long = record.view.chains.filter(({ complete }) => complete.length > 1);
      if (long.length === 0) return null;
      const lost = random.pick(random.pick(long).complete);
      out.push(named(lost.node));
      return without(named(lost.node), () => expelled(lost));
    },
    /** With what it holds of another time: it is to forget that, and to be filled. */
    return: async () => {
      const [back] = out;
      if (back === undefined) return null;
      await heal(place, back.name);
      out.shift();
      const lengthOf = ({ complete, joiners }: Chain): number => complete.length + joiners.length;
      const [shortest] = record.view.chains.toSorted((one, other) => lengthOf(one) - lengthOf(other));
      return shortest === undefined ? null : proposed({ kind: "join", chain: shortest.id, node: back.id });
    },
    /** What agents ask for: who was to be filled is, and buckets have arrived. */
    filled: async () => {
      const tables = record.members.filter((one) => one.kind === "table" && stateOfAgent(one) === "runs");
      const asked = await Promise.all(tables.map((member) => clientOf(place, member).clusterStatus()));
      for (const change of asked.flatMap(({ proposals }) => proposals)) {
        const next = asProposed(change);
        if (next !== null) return next;
      }
      return null;
    },
    move: async () => {
      const { chains, keepers, moves, epoch } = record.view;
      const begun = Object.fromEntries(
        random
          .shuffle([...Array(BUCKETS).keys()])
          .slice(0, random.between(1, BUCKETS / 2))
          .filter((bucket) => moves[bucket] === undefined)
          .map((bucket) => {
            const to = random.pick(chains.filter(({ id }) => id !== keepers[bucket])).id;
            return [bucket, { to, since: epoch + 1 }];
          }),
      );
      return { view: { ...record.view, epoch: epoch + 1, moves: { ...moves, ...begun } } };
    },
    stay: async () => {
      const moving = Object.keys(record.view.moves).map(Number);
      return proposed({ kind: "roll-back", buckets: moving.filter(() => random.chance(0.7)) });
    },
  };
  const weights = [
    [3, "epoch"],
    [3, "forwarders"],
    [1, "lose forwarder"],
    [1, "lose member"],
    [2, "return"],
    [12, "filled"],
    [2, "move"],
    [1, "stay"],
  ] as const;

  const run = async (): Promise<void> => {
    while (going) {
      const action = random.weighted(weights);
      const next = await act[action]();
      if (next === null) continue;
      actions[action] += 1;
      if (next.view.epoch > record.view.epoch) await tell(next.view);
      await pause(random.between(...PAUSES));
    }
  };
  return {
    run,
    end(): void {
      going = false;
    },
    told: (): ViewChanges => ({ epochs: record.view.epoch - first, longestLoss, actions }),
    record: () => record,
  };
}
