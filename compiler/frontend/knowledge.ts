/** What is known on the path being lowered, and at the ends of nested blocks. */
import type { Operand } from "../ir/ir.ts";
import type { Draft } from "./drafts.ts";
import type { MutableCell } from "./scope.ts";
import { isConstant } from "./types.ts";
import type { ts } from "./typescript.js";
import type { Fact, Value } from "./values.ts";

/** What holds on the path being lowered. Copied, never changed, so that a branch's end can be compared with its start. */
export interface Knowledge {
  /** By identity of the nullable: whether there is a value. */
  readonly present: ReadonlyMap<number, boolean>;
  /** By temp: bounds that tests on this path have shown. */
  readonly ranges: ReadonlyMap<number, readonly [bigint, bigint]>;
  /** By variable: what it holds, where that is known. */
  readonly contents: ReadonlyMap<number, Content>;
  /** Packet fields loaded on this path, by place, offset and name. */
  readonly loads: ReadonlyMap<string, Value>;
  /** By variable that holds a packet view: the epoch in which that view was taken. */
  readonly epochs: ReadonlyMap<number, number>;
  /** Ring-buffer records reserved on this path that nothing has finished yet, and where they were reserved. */
  readonly records: Records;
  /** Ring-buffer records that were submitted or discarded on a way that leads here. */
  readonly finished: ReadonlySet<number>;
  /** Changes with every head or tail adjustment; a packet view of another epoch is dead. */
  readonly epoch: number;
}
/** By identity of the record's nullable. */
export type Records = ReadonlyMap<number, ts.Node>;

export interface Content {
  readonly operand: Operand;
  readonly low: bigint;
  readonly high: bigint;
}
export const NOTHING: Knowledge = {
  present: new Map(),
  ranges: new Map(),
  contents: new Map(),
  loads: new Map(),
  epochs: new Map(),
  records: new Map(),
  finished: new Set(),
  epoch: 0,
};

/** A nested block, and the state in which its end was reached. */
export interface Nested {
  readonly block: Draft[];
  readonly reachable: boolean;
  readonly knowledge: Knowledge;
  /** Versions at its end of the cells it assigned. */
  readonly versions: ReadonlyMap<MutableCell, number>;
  readonly assigned: ReadonlySet<number>;
  /** Whether it wrote to the packet. */
  readonly wrote: boolean;
  /** Temps from this number on were made in it: they mean nothing outside its braces. */
  readonly firstTemp: number;
}

/** What is known after tests have come out as `facts` say. */
export function learned(knowledge: Knowledge, facts: readonly Fact[]): Knowledge {
  if (facts.length === 0) return knowledge;
  const present = new Map(knowledge.present);
  const ranges = new Map(knowledge.ranges);
  for (const fact of facts) {
    if (fact.kind === "present") present.set(fact.id, fact.present);
    else {
      const [low, high] = ranges.get(fact.temp) ?? [fact.low, fact.high];
      ranges.set(fact.temp, [fact.low > low ? fact.low : low, fact.high < high ? fact.high : high]);
    }
  }
  return { ...knowledge, present, ranges };
}

/** What the end of a block knows, without what is said of temps that mean nothing outside its braces. */
export function outsideBraces({ knowledge, firstTemp }: Nested): Knowledge {
  const outside = (operand: Operand) => operand.kind !== "temp" || operand.id < firstTemp;
  const contents = new Map([...knowledge.contents].filter(([, content]) => outside(content.operand)));
  const loads = new Map([...knowledge.loads].filter(([, value]) => value.kind === "scalar" && outside(value.operand)));
  return { ...knowledge, contents, loads };
}

/** Constants that variables hold at every one of these ends. */
export function agreedConstants(live: readonly Nested[]): ReadonlyMap<number, Content> {
  const agreed = new Map<number, Content>();
  const [first, ...rest] = live;
  for (const variable of new Set(live.flatMap((end) => [...end.assigned]))) {
    const content = first?.knowledge.contents.get(variable);
    if (content === undefined || !isConstant(content.operand)) continue;
    const { value } = content.operand;
    const same = rest.every((end) => {
      const other = end.knowledge.contents.get(variable)?.operand;
      return other !== undefined && isConstant(other) && other.value === value;
    });
    if (same) agreed.set(variable, content);
  }
  return agreed;
}

/** A record that is known not to be there needs no finishing. */
export const openRecords = ({ records, present }: Knowledge): Records =>
  records.size === 0 ? records : new Map([...records].filter(([id]) => present.get(id) !== false));
