import { describe, expect, test } from "vitest";
import { assignBuckets } from "../../runtime/cluster/assign.ts";
import { type Change, propose, type Source } from "../../runtime/cluster/change.ts";
import { firstView, heldSince, pathOf, type View } from "../../runtime/cluster/view.ts";
import { brokenInvariant, checkedView } from "../../runtime/cluster/view-schema.ts";
import { random } from "../kit/random.ts";

const start = firstView(
  [
    [1, 2, 3],
    [4, 5, 6],
  ],
  [90, 91],
  assignBuckets,
  { "10.0.0.1": 90 },
);
const changed = (view: View, ...changes: readonly Change[]): View =>
  changes.reduce((now, change) => propose(now, change) ?? now, view);
const nodes = (view: View, bucket: number) => pathOf(view, bucket).members.map(({ node }) => node);
const of = (view: View, chain: number) => view.keepers.indexOf(chain);
const source = (view: View, node: number, joined = 1): Source => ({ node, joined, epoch: view.epoch });

describe("a view", () => {
  test("is taken as it was written", () => {
    expect(checkedView(JSON.parse(JSON.stringify(start)))).toEqual(start);
  });

  const bent = (edit: (view: any) => void): unknown => {
    const copy = JSON.parse(JSON.stringify(start));
    edit(copy);
    return copy;
  };
  test.each<[string, (view: any) => void, string]>([
    ["no epoch", (view) => delete view.epoch, "view.epoch"],
    [
      "a node in two chains",
      (view) => {
        view.chains[1].joiners.push({ node: 2, joined: 1 });
      },
      "view.chains.1.joiners.0",
    ],
    [
      "a node that is a forwarder too",
      (view) => {
        view.forwarders.push(5);
      },
      "view.forwarders.2",
    ],
    [
      "a member of the future",
      (view) => {
        view.chains[0].complete[1].joined = 2;
      },
      "view.chains.0.complete.1.joined",
    ],
    [
      "a chain of nobody",
      (view) => {
        view.chains[0].complete = [];
      },
      "view.chains.0.complete",
    ],
    [
      "one name for two chains",
      (view) => {
        view.chains[1].id = 0;
      },
      "view.chains.1.id",
    ],
    [
      "a bucket of no chain",
      (view) => {
        view.keepers[77] = 9;
      },
      "view.keepers.77",
    ],
    [
      "a bucket too few",
      (view) => {
        view.keepers.pop();
      },
      "view.keepers",
    ],
    [
      "a bucket of the future",
      (view) => {
        view.since[3] = 2;
      },
      "view.since.3",
    ],
    [
      "a move of no bucket",
      (view) => {
        view.moves[1024] = { to: 1, since: 1 };
      },
      "view.moves.1024",
    ],
    [
      "a move to where it is",
      (view) => {
        view.moves[5] = { to: view.keepers[5], since: 1 };
      },
      "view.moves.5.to",
    ],
    [
      "a move to nowhere",
      (view) => {
        view.moves[5] = { to: 7, since: 1 };
      },
      "view.moves.5.to",
    ],
    [
      "an entrance of no forwarder",
      (view) => {
        view.entrances["10.0.0.2"] = 4;
      },
      "view.entrances.10.0.0.2",
    ],
    [
      "more nodes on a path than have room",
      (view) => {
        for (let node = 10; node < 16; node++) view.chains[0].joiners.push({ node, joined: 1 });
      },
      "view.keepers.",
    ],
    [
      "something that no view has",
      (view) => {
        view.leader = 1;
      },
      "view",
    ],
  ])("is refused whole: %s", (_, edit, path) => {
    expect(() => checkedView(bent(edit))).toThrow(expect.objectContaining({ code: "ZT8502" }));
    expect(() => checkedView(bent(edit))).toThrow(`used: ${path}`);
  });
});

describe("a change", () => {
  test("gives the next epoch, and leaves the view alone", () => {
    const before = JSON.stringify(start);
    expect(propose(start, { kind: "expel", node: 2, joined: 1 })?.epoch).toBe(2);
    expect(JSON.stringify(start)).toBe(before);
  });

  test("takes a node out of its chain, and another is filled behind", () => {
    const gap = changed(start, { kind: "expel", node: 3, joined: 1 });
    const filled = changed(gap, { kind: "join", chain: 0, node: 7 });
    expect(nodes(filled, of(start, 0))).toEqual([1, 2, 7]);
    expect(pathOf(filled, of(start, 0)).complete).toBe(2);
    const whole = changed(filled, { kind: "complete", node: 7, by: source(filled, 2) });
    expect(pathOf(whole, of(start, 0)).complete).toBe(3);
    expect(heldSince(whole, 7, of(start, 0))).toBe(3);
  });

  test("that is late expels no later incarnation", () => {
    const again = changed(start, { kind: "expel", node: 3, joined: 1 }, { kind: "join", chain: 0, node: 3 });
    expect(propose(again, { kind: "expel", node: 3, joined: 1 })).toBeNull();
  });

  test("moves a new chain's share, which both chains are written until it has arrived", () => {
    const moving = changed(start, { kind: "scale-out", nodes: [7, 8] });
    const buckets = Object.keys(moving.moves).map(Number);
    expect(buckets.length).toBe(341);
    const bucket = buckets.find((each) => start.keepers[each] === 0) as number;
    expect(nodes(moving, bucket)).toEqual([1, 2, 3, 7, 8]);
    expect(pathOf(moving, bucket).complete).toBe(3);
    const arrived = changed(moving, { kind: "arrive", buckets: [bucket], by: source(moving, 3) });
    expect(nodes(arrived, bucket)).toEqual([7, 8]);
    expect(heldSince(arrived, 7, bucket)).toBe(2);
    expect(Object.keys(arrived.moves).length).toBe(340);
    const back = changed(arrived, { kind: "roll-back", buckets });
    expect(back.moves).toEqual({});
    expect(back.keepers[bucket]).toBe(2);
    expect(heldSince(back, 7, buckets.find((each) => each !== bucket) as number)).toBeNull();
  });

  test("that moves a bucket there and back begins anew each time: what was left of it is of another time", () => {
    const out = changed(start, { kind: "scale-out", nodes: [7, 8] });
    const bucket = Number(Object.keys(out.moves)[0]);
    const undone = changed(out, { kind: "roll-back", buckets: Object.keys(out.moves).map(Number) });
    const again = changed(undone, { kind: "scale-in", chain: start.keepers[bucket] as number });
    const to = again.moves[bucket]?.to;
    expect(to === undefined ? null : again.moves[bucket]?.since).toBe(4);
  });

  test("empties a chain before it is dismissed", () => {
    const moving = changed(start, { kind: "scale-in", chain: 1 });
    expect(() => propose(moving, { kind: "dismiss", chain: 1 })).toThrow("ZT8503");
    const arrived = changed(moving, {
      kind: "arrive",
      buckets: Object.keys(moving.moves).map(Number),
      by: source(moving, 6),
    });
    expect(changed(arrived, { kind: "dismiss", chain: 1 }).chains.map(({ id }) => id)).toEqual([0]);
  });

  test("replaces a chain that is lost, and says so", () => {
    const one = firstView([[1]], [90], assignBuckets);
    expect(() => propose(one, { kind: "expel", node: 1, joined: 1 })).toThrow("replace the chain");
    const replaced = changed(one, { kind: "replace", chain: 0, nodes: [1], instead: [{ node: 1, joined: 1 }] });
    expect(replaced.chains[0]).toEqual({ id: 0, complete: [{ node: 1, joined: 2 }], joiners: [] });
    expect(new Set(replaced.lost)).toEqual(new Set([2]));
    expect(propose(replaced, { kind: "replace", chain: 0, nodes: [2], instead: [{ node: 1, joined: 1 }] })).toBeNull();
  });

  test("that loses a bucket is remembered of the bucket, wherever it goes", () => {
    const moving = changed(start, { kind: "scale-in", chain: 1 });
    const buckets = Object.keys(moving.moves).map(Number);
    const instead = moving.chains[1]?.complete ?? [];
    const lost = changed(moving, { kind: "replace", chain: 1, nodes: [9], instead });
    const arrived = changed(lost, { kind: "arrive", buckets, by: source(lost, 9, 3) });
    expect(new Set(buckets.map((bucket) => arrived.lost[bucket]))).toEqual(new Set([3]));
    expect(arrived.lost[of(start, 0)]).toBe(0);
  });

  test.each<[string, View, Change]>([
    [
      "a completion whose source speaks of an older epoch",
      changed(start, { kind: "join", chain: 0, node: 7 }),
      { kind: "complete", node: 7, by: { node: 3, joined: 1, epoch: 1 } },
    ],
    [
      "a completion by who is not read",
      changed(start, { kind: "join", chain: 0, node: 7 }),
      { kind: "complete", node: 7, by: { node: 1, joined: 1, epoch: 2 } },
    ],
    [
      "a completion by another incarnation",
      changed(start, { kind: "join", chain: 0, node: 7 }),
      { kind: "complete", node: 7, by: { node: 3, joined: 2, epoch: 2 } },
    ],
    ["a node of another chain that joins", start, { kind: "join", chain: 0, node: 4 }],
    [
      "a node of another chain that replaces",
      start,
      { kind: "replace", chain: 0, nodes: [4], instead: start.chains[0]?.complete ?? [] },
    ],
    ["a chain too many on the move", changed(start, { kind: "scale-out", nodes: [7] }), { kind: "scale-in", chain: 1 }],
    ["a path without room", start, { kind: "scale-out", nodes: [7, 8, 9, 10, 11, 12] }],
    ["the last chain goes", firstView([[1]], [90], assignBuckets), { kind: "scale-in", chain: 0 }],
  ])("is refused: %s", (_, view, change) => {
    expect(() => propose(view, change)).toThrow(expect.objectContaining({ code: "ZT8503" }));
  });

  test("of two at a time, the slower is proposed again to the newer view", () => {
    const changes: readonly Change[] = [
      { kind: "expel", node: 2, joined: 1 },
      { kind: "join", chain: 1, node: 7 },
    ];
    let stored = start;
    const compareAndSet = (view: View): boolean => {
      if (view.epoch !== stored.epoch + 1) return false;
      stored = view;
      return true;
    };
    const [one, other] = changes.map((change) => propose(start, change) as View);
    expect(compareAndSet(one as View)).toBe(true);
    expect(compareAndSet(other as View)).toBe(false);
    expect(compareAndSet(propose(stored, changes[1] as Change) as View)).toBe(true);
    expect(stored.chains.map(({ complete, joiners }) => [complete.length, joiners.length])).toEqual([
      [2, 0],
      [3, 1],
    ]);
  });
});

test("whatever is changed, in whatever order, every view keeps the invariants, and every bucket a member that has everything", () => {
  const from = random(8502);
  for (let history = 0; history < 60; history++) {
    let view = start;
    for (let step = 0; step < 60; step++) {
      const moving = Object.keys(view.moves).map(Number);
      const bucket = moving.length > 0 && from.chance(0.7) ? from.pick(moving) : from.below(1024);
      const path = pathOf(view, bucket);
      const by = { ...(path.members[path.complete - 1] as Source), epoch: view.epoch };
      const chain = from.pick(view.chains);
      const change = from.pick<Change>([
        { kind: "expel", ...from.pick([...chain.complete, ...chain.joiners]) },
        { kind: "join", chain: chain.id, node: from.between(1, 14) },
        {
          kind: "complete",
          node: from.pick([...chain.joiners, ...chain.complete]).node,
          by: { ...(chain.complete.at(-1) as Source), epoch: view.epoch },
        },
        { kind: "replace", chain: chain.id, nodes: [from.between(1, 14)], instead: chain.complete },
        { kind: "scale-out", nodes: [from.between(1, 14)] },
        { kind: "scale-in", chain: chain.id },
        { kind: "arrive", buckets: moving.filter((each) => view.keepers[each] === view.keepers[bucket]), by },
        { kind: "roll-back", buckets: moving.slice(0, from.below(5)) },
        { kind: "dismiss", chain: chain.id },
      ]);
      let next: View | null = null;
      try {
        next = propose(view, change);
      } catch (error) {
        expect(error).toMatchObject({ code: "ZT8503" });
      }
      if (next === null) continue;
      expect(next.epoch).toBe(view.epoch + 1);
      expect(brokenInvariant(next)).toBeNull();
      view = next;
    }
    checkedView(JSON.parse(JSON.stringify(view)));
    for (let bucket = 0; bucket < 1024; bucket += 7) expect(pathOf(view, bucket).complete).toBeGreaterThan(0);
  }
});
