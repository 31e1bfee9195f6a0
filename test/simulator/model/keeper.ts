/** A flow-table node of the model: the packet walk and the rules, one operation at a time. */
import { decidesFrom } from "../../../runtime/cluster/agent.ts";
import { portOf } from "../../../runtime/cluster/buckets.ts";
import { endingOf, isTombstone } from "../../../runtime/cluster/expiry.ts";
import type { Times } from "../../../runtime/cluster/time.ts";
import { acknowledged, completions, type Duties, dutiesUnder, isTaken } from "../../../runtime/cluster/transfer.ts";
import { heldSince, type Path, type View } from "../../../runtime/cluster/view.ts";
import type { Ask, Packet, Sent, SimulatedNode, Surroundings, Turn } from "../wire.ts";
import { ModelAgent, pathIn } from "./agent.ts";
import {
  describe,
  describeEntry,
  type Entry,
  epochOf,
  keyOfPort,
  keyOfServer,
  type Operation,
  type OperationKind,
  versionOf,
} from "./operation.ts";
import type { Rules } from "./rules.ts";
import { entryOf, Table, type TableRecord } from "./table.ts";

type Frames = readonly Sent<Operation>[];
const nothing: Frames = [];

export const EXTERNAL = 0xffff_c633_6401n;
/** Of the 64 ports of a bucket, so many are the pool's: few, so that flows meet. */
export const PORTS = 6;
/** Entries of a bucket on their way at a time. */
const BATCH = 8;

export class Keeper implements SimulatedNode<Operation> {
  readonly #number: number;
  readonly #times: Times;
  readonly #rules: Rules;
  readonly #buckets: readonly number[];
  readonly #agent: ModelAgent;
  readonly #table: Table;
  readonly #decide: () => number;
  readonly #tell: ((text: string) => void) | null;
  #duties: Duties<number> = new Map();
  #count = 0;
  #transferred = Number.NEGATIVE_INFINITY;
  #proposed = Number.NEGATIVE_INFINITY;

  constructor(number: number, { times, decide, tell }: Surroundings, rules: Rules, buckets: readonly number[]) {
    this.#number = number;
    this.#times = times;
    this.#rules = rules;
    this.#buckets = buckets;
    this.#agent = new ModelAgent(number, times, rules);
    this.#table = new Table(rules.bothKeys);
    this.#decide = decide;
    this.#tell = tell;
  }

  receive(operation: Operation, now: number): Frames {
    this.#agent.heard(operation.epoch);
    if (!this.#agent.mayAct(now)) return nothing;
    const view = this.#agent.view as View;
    if (operation.epoch !== view.epoch && this.#rules.fence) return this.#bounce(operation, view);
    const path = pathIn(view, operation.bucket);
    const place = path.members.findIndex(({ node }) => node === this.#number);
    if (place === -1) return nothing;
    switch (operation.kind) {
      case "lookup":
        return this.#lookup(operation, path, place, now);
      case "decide":
      case "touch":
      case "close":
        return place === 0 ? this.#head(operation, path, now) : nothing;
      case "insert":
        return place === 0 ? this.#insert(operation, path, operation.entry as Entry, now) : nothing;
      case "update":
        return this.#update(operation, path, place, now);
      case "absent":
        return this.#refuse(operation, path, place);
      case "transfer":
        return this.#transfer(operation, path, place, now);
      case "transferred":
        acknowledged(this.#duties, operation.bucket, operation.key);
        return nothing;
      case "acknowledge":
        return this.#acknowledge(operation.entry as Entry, now);
      default:
        return nothing;
    }
  }

  /** The packet as it came: whoever has a newer view sends it where it belongs now. */
  #bounce(operation: Operation, view: View): Frames {
    const isPackets = !["transfer", "transferred", "acknowledge", "insert"].includes(operation.kind);
    if (operation.packet === null || !isPackets) return nothing;
    const entry = this.#rules.stripped ? null : operation.entry;
    return [{ to: operation.forwarder, body: { ...operation, kind: "stale", epoch: view.epoch, entry } }];
  }

  #to(path: Path, place: number, kind: OperationKind, operation: Operation, entry: Entry | null): Frames {
    const to = path.members[place];
    if (to === undefined) return nothing;
    const epoch = (this.#agent.view as View).epoch;
    return [{ to: to.node, body: { ...operation, kind, epoch, place, entry } }];
  }

  #toHead(operation: Operation, path: Path, kind: OperationKind, place: number, now: number): Frames {
    return place === 0 ? this.#head({ ...operation, kind }, path, now) : this.#to(path, 0, kind, operation, null);
  }

  /** A rule that is taken away: what was decided by an earlier view is not found any more, and its packets come to nothing. */
  #isPassedOver(record: TableRecord | undefined): boolean {
    const isEarlier = record !== undefined && epochOf(record.version) < (this.#agent.view as View).epoch;
    return !this.#rules.earlierServed && isEarlier && !isTombstone(record.state);
  }

  #lookup(operation: Operation, path: Path, place: number, now: number): Frames {
    const record = this.#table.get(operation.key);
    if (this.#isPassedOver(record)) return nothing;
    const { absenceConfirmed, tombstonesToHead, refreshed, throughJoiners, readAtTail } = this.#rules;
    if (record === undefined) {
      return absenceConfirmed
        ? this.#toHead(operation, path, "decide", place, now)
        : this.#refuse(operation, path, path.members.length - 1);
    }
    if (isTombstone(record.state) && tombstonesToHead) return this.#toHead(operation, path, "decide", place, now);
    if (!isTombstone(record.state) && refreshed && now - record.touched > this.#times.refreshAfter)
      return this.#toHead(operation, path, "touch", place, now);
    if (!throughJoiners || !readAtTail) return this.#finish(operation, path, entryOf(record), now);
    return this.#pass(operation, path, place, entryOf(record), now);
  }

  #fresh(): number {
    this.#count += 1;
    return versionOf((this.#agent.view as View).epoch, this.#count);
  }

  #head(operation: Operation, path: Path, now: number): Frames {
    const packet = operation.packet as Packet;
    let record = this.#table.get(operation.key);
    const { synDropped, closingRefreshed, revived, freshVersions, resent } = this.#rules;
    if (packet.kind === "SYN" && record !== undefined && record.state !== "open") {
      if (synDropped) return nothing;
      this.#table.remove(record);
      record = undefined;
    }
    if (record === undefined) return this.#absent(operation, path, now);
    if (this.#isPassedOver(record)) return nothing;
    const before = record.state;
    if (packet.kind === "FIN" || packet.kind === "RST") {
      if (record.state !== "ended") {
        if (closingRefreshed) this.#revive(record, "closing", now);
        else this.#end(record, "ended", now);
      }
    } else if (record.state === "open" || record.state === "closing") record.touched = now;
    else if (record.state === "resting" && revived) this.#revive(record, "open", now);
    if (freshVersions || record.state !== before) record.version = this.#fresh();
    if (record.state !== before && isTombstone(record.state)) record.endedAt = record.version;
    if (!resent) return this.#finish(operation, path, entryOf(record), now);
    return this.#pass(operation, path, 0, entryOf(record), now);
  }

  #revive(record: TableRecord, state: "open" | "closing", now: number): void {
    record.state = state;
    record.touched = now;
    record.acknowledged = false;
  }

  #end(record: TableRecord, state: "resting" | "ended", now: number): void {
    record.state = state;
    record.ended = now;
    record.told = now;
    record.acknowledged = false;
    record.endedAt = record.version;
  }

  #absent(operation: Operation, path: Path, now: number): Frames {
    // Somebody may still know what was lost here: absence is not known either.
    if (now < decidesFrom(this.#agent.state, operation.bucket)) return nothing;
    const packet = operation.packet as Packet;
    const { kind } = packet.flow;
    const begins = packet.kind === "SYN" || (packet.kind === "DATA" && kind !== "connection");
    if (!begins || (packet.from === "server" && kind !== "symmetric")) return this.#refuse(operation, path, 0);
    const view = this.#agent.view as View;
    const entry = this.#decided(packet, operation.bucket, view);
    if (entry === null) return nothing;
    if (this.#rules.oneLock) return this.#insert(operation, path, entry, now);
    return [{ to: this.#number, body: { ...operation, kind: "insert", epoch: view.epoch, entry } }];
  }

  #decided(packet: Packet, bucket: number, view: View): Entry | null {
    const key = packet.flow.index;
    const made = { key, bucket, state: "open" as const };
    if (packet.flow.kind === "symmetric") {
      const reverse = keyOfServer(key);
      return { ...made, reverse, decision: this.#decide(), port: 0, version: this.#fresh() };
    }
    const decision = this.#decide();
    const { portsOfBucket, portsChecked } = this.#rules;
    const keeper = view.keepers[bucket];
    const from = portsOfBucket ? [bucket] : this.#buckets.filter((each) => view.keepers[each] === keeper);
    const ports = from.flatMap((each) => Array.from({ length: PORTS }, (_, nth) => portOf(EXTERNAL, each, nth)));
    for (let turn = 0; turn < ports.length; turn++) {
      const port = ports[(decision + turn) % ports.length] as number;
      const reverse = keyOfPort(port);
      if (!portsChecked || this.#table.get(reverse) === undefined)
        return { ...made, reverse, decision, port, version: this.#fresh() };
    }
    this.#tell?.(`node ${this.#number} has no free port`);
    return null;
  }

  #insert(operation: Operation, path: Path, entry: Entry, now: number): Frames {
    this.#table.insert(entry, now, 0);
    this.#tell?.(`node ${this.#number} decides: ${describeEntry(entry)}`);
    return this.#pass(operation, path, 0, entry, now);
  }

  /** Whoever of the path has a newer view, by which there may be such a flow, sends the packet back as it came. */
  #refuse(operation: Operation, path: Path, place: number): Frames {
    if (this.#rules.refusedAlong && place + 1 < path.members.length)
      return this.#to(path, place + 1, "absent", operation, null);
    return [{ to: operation.forwarder, body: { ...operation, kind: "refuse", entry: null } }];
  }

  /** Behind this member of the path: to the next one, or back to the forwarder. */
  #pass(operation: Operation, path: Path, place: number, entry: Entry, now: number): Frames {
    if (place + 1 < path.members.length) return this.#to(path, place + 1, "update", operation, entry);
    return this.#finish(operation, path, entry, now);
  }

  #finish(operation: Operation, path: Path, entry: Entry, now: number): Frames {
    const frames: Sent<Operation>[] = [];
    if (isTombstone(entry.state)) {
      if (path.members[0]?.node === this.#number) this.#acknowledge(entry, now);
      else frames.push(...this.#to(path, 0, "acknowledge", { ...operation, packet: null }, entry));
    }
    if (operation.packet !== null)
      frames.push({ to: operation.forwarder, body: { ...operation, kind: "reply", entry } });
    return frames;
  }

  #update(operation: Operation, path: Path, place: number, now: number): Frames {
    const entry = operation.entry as Entry;
    if (!this.#rules.everyReplicaStores && place < path.complete - 1)
      return this.#pass(operation, path, place, entry, now);
    const standing = this.#store(entry, now);
    return standing === null ? nothing : this.#pass(operation, path, place, standing, now);
  }

  /** What goes on along the path; null when the packet must not. */
  #store(entry: Entry, now: number): Entry | null {
    const { newerWins, absentIsStored, conflict } = this.#rules;
    const record = this.#table.get(entry.key);
    const other = this.#table.get(entry.reverse);
    if (record?.decision === entry.decision) {
      if (entry.version <= record.version || !newerWins) return entryOf(record);
      const isEnding = isTombstone(entry.state);
      if (entry.state !== record.state && isEnding) this.#end(record, entry.state as "ended", now);
      record.state = entry.state;
      record.version = entry.version;
      if (isEnding) record.endedAt = Math.min(record.endedAt, entry.version);
      else record.touched = now;
      return entry;
    }
    const standing = record ?? other;
    if (standing === undefined) {
      if (absentIsStored || !isTombstone(entry.state)) this.#table.insert(entry, now, 0);
      return entry;
    }
    const isNewer = entry.version > standing.version;
    if (!conflict) {
      if (!isNewer) return entryOf(standing);
      this.#table.remove(standing);
      this.#table.insert(entry, now, 0);
      return entry;
    }
    this.#tell?.(`node ${this.#number} has another decision: ${describeEntry(entryOf(standing))}`);
    if (isNewer && standing.state !== "ended") this.#end(standing, "ended", now);
    return null;
  }

  #acknowledge(entry: Entry, now: number): Frames {
    const record = this.#table.get(entry.key);
    if (record === undefined || record.decision !== entry.decision || !isTombstone(record.state)) return nothing;
    if (record.acknowledged || (this.#rules.acknowledgedVersion && entry.version < record.endedAt)) return nothing;
    record.acknowledged = true;
    record.ended = now;
    return nothing;
  }

  #transfer(operation: Operation, path: Path, place: number, now: number): Frames {
    const entry = operation.entry as Entry;
    const record = this.#table.get(entry.key);
    // What stands here of another decision has to go first: who does not have this one must not say that it has.
    if (this.#rules.onlyAbsent && record !== undefined && record.decision !== entry.decision) return nothing;
    if (isTaken(record !== undefined) || !this.#rules.onlyAbsent) {
      if (record !== undefined) this.#table.remove(record);
      if (this.#table.get(entry.reverse) !== undefined && this.#rules.bothKeys) return nothing;
      this.#table.insert(entry, now, this.#rules.transferAge ? operation.age : 0);
    }
    if (place + 1 < path.members.length) return this.#to(path, place + 1, "transfer", operation, entry);
    return [{ to: operation.source, body: { ...operation, kind: "transferred" } }];
  }

  turn(now: number): Turn<Operation> {
    const asks: Ask[] = this.#agent.asks(now);
    const frames: Sent<Operation>[] = [];
    const { view } = this.#agent;
    if (view === null) return { frames, asks };
    const acts = this.#agent.mayAct(now);
    for (const record of this.#table.all()) {
      // Most entries are neither old nor tombstones, whoever keeps them.
      if (!isTombstone(record.state) && endingOf(record, false, now, this.#times) === null) continue;
      frames.push(...this.#expire(record, view, acts, now));
    }
    if (!acts || this.#duties.size === 0) return { frames, asks };
    if (now - this.#transferred > this.#times.hop) {
      this.#transferred = now;
      frames.push(...this.#bring(view, now));
    }
    if (now - this.#proposed > this.#times.hop) {
      const changes = completions(this.#duties, view, this.#number);
      if (changes.length > 0) this.#proposed = now;
      for (const change of changes) asks.push({ kind: "propose", change });
    }
    return { frames, asks };
  }

  #expire(record: TableRecord, view: View, acts: boolean, now: number): Frames {
    const path = pathIn(view, record.bucket);
    const isHead = path.members[0]?.node === this.#number;
    const ending = endingOf(record, isHead && this.#rules.closeAcknowledged, now, this.#times);
    if (ending === null) return nothing;
    if (ending.kind === "forget" || (ending.kind === "end" && !this.#rules.idleRests)) {
      this.#tell?.(`node ${this.#number} forgets ${describeEntry(entryOf(record))}`);
      this.#table.remove(record);
      acknowledged(this.#duties, record.bucket, record.key);
      return nothing;
    }
    if (ending.kind === "end") {
      this.#tell?.(`node ${this.#number} lets ${describeEntry(entryOf(record))} be ${ending.state}`);
      this.#end(record, ending.state, now);
    }
    if (!isHead || !acts) return nothing;
    record.told = now;
    record.version = this.#fresh();
    if (ending.kind === "end") record.endedAt = record.version;
    return this.#pass(this.#own(record, view), path, 0, entryOf(record), now);
  }

  /** An operation that no packet caused. */
  #own(record: TableRecord, view: View): Operation {
    const { key, bucket } = record;
    const none = { packet: null, forwarder: 0, sent: 0, hops: 0, age: 0 };
    return { ...none, kind: "update", epoch: view.epoch, bucket, key, place: 0, entry: null, source: this.#number };
  }

  /** Some of what members that are being filled do not have yet. */
  #bring(view: View, now: number): Frames {
    const frames: Sent<Operation>[] = [];
    for (const [bucket, { pending }] of this.#duties) {
      let left = BATCH;
      for (const key of pending) {
        if (left-- === 0) break;
        const record = this.#table.get(key);
        if (record === undefined || (isTombstone(record.state) && !this.#rules.tombstonesTransferred)) {
          pending.delete(key);
          continue;
        }
        const path = pathIn(view, bucket);
        const age = Math.max(0, now - (isTombstone(record.state) ? record.ended : record.touched));
        const operation = { ...this.#own(record, view), age };
        frames.push(...this.#to(path, path.complete, "transfer", operation, entryOf(record)));
      }
    }
    return frames;
  }

  answer(view: View | null, asked: number, now: number): void {
    const forget = this.#agent.answer(view, asked, now);
    if (forget === null || view === null) return;
    const gone = new Set(forget);
    for (const record of this.#table.all()) {
      if (gone.has(record.bucket)) this.#table.remove(record);
      else {
        record.acknowledged = false;
        record.told = Number.NEGATIVE_INFINITY;
      }
    }
    const keys = new Map<number, number[]>();
    for (const record of this.#table.all()) {
      const list = keys.get(record.bucket);
      if (list === undefined) keys.set(record.bucket, [record.key]);
      else list.push(record.key);
    }
    const { newSourceStartsAgain, provenTransfer } = this.#rules;
    const before = this.#duties;
    const held = (bucket: number) => (provenTransfer ? (keys.get(bucket) ?? []) : []);
    this.#duties = dutiesUnder(before, view, this.#number, held, (bucket) => pathIn(view, bucket));
    if (newSourceStartsAgain) return;
    for (const [bucket, { targets, pending }] of this.#duties)
      if (targets.every(({ node }) => (heldSince(view, node, bucket) ?? 0) < view.epoch)) pending.clear();
  }

  describe(operation: Operation): string {
    return describe(operation);
  }
}
