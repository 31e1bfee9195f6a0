/** From the records of the data plane (bpf-lib/trace/record.ts) to what a trace tells. */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { decode } from "../../sdk/layout/codec.ts";
import type { LayoutData, StructLayout } from "../../sdk/layout/data.ts";
import { type FlowEnds as EndValues, endText } from "../node/flows.ts";
import { layoutOf, NODE_MAP } from "../node/shapes.ts";
import type { FlowEnds } from "../service/lifecycle.ts";
import { type ChainLink, type ChainWord, DENIED, ENDS, PASSED, wordsOf } from "./chain.ts";
import type { TracedFrame, TraceRecord, TraceVerdict } from "./records.ts";
import { rewritesReader } from "./rewrites.ts";

/** A service, as records name it. */
export interface TracedService {
  readonly name: string;
  /** Its reasons by index. */
  readonly drops: readonly string[];
  /** In the order of the chain. */
  readonly chain: readonly ChainLink[];
}

interface Head {
  readonly at: bigint;
  readonly packet: number;
  readonly cpu: number;
  readonly point: number;
  readonly service: number;
  readonly vni: number;
  readonly detail: number;
  readonly extra: number;
  readonly box: number;
  readonly holds: number;
}

const POINT = {
  arrived: 1,
  left: 2,
  service: 3,
  flow: 4,
  filter: 5,
  ask: 6,
  decided: 7,
  entered: 8,
  route: 9,
  wrap: 10,
  unwrapped: 11,
  obstacle: 12,
  error: 13,
  dropped: 14,
  refuse: 15,
  translated: 16,
  completed: 17,
  said: 18,
} as const;
const STEP = new Map(Object.entries(POINT).map(([name, point]) => [point as number, name as keyof typeof POINT]));
/** Of `Ask` in bpf-lib/node/call.ts; all others are asked without a packet's flow. */
const ASKS = new Map<number, "holds" | "complete" | "anew">([
  [1, "holds"],
  [4, "complete"],
  [5, "anew"],
]);
const OUTCOMES = ["pass", "drop", "reject", "answer", "route", "complete", "wait"] as const;
const PASS = 0;
/** The old decision stands. */
const HELD = 0xff;
const [DROP, REJECT, COMPLETE] = [1, 2, 5];
const VERDICTS: readonly TraceVerdict[] = ["abort", "drop", "host", "reply", "forward"];
const REDIRECT = 4;

function field(layout: LayoutData, name: string): { readonly at: number; readonly layout: LayoutData } {
  const found = layout.kind === "struct" ? layout.fields.find((one) => one.name === name) : undefined;
  if (found === undefined) throw new TypeError(`The traced node's records have no '${name}'.`);
  return { at: found.offset, layout: found.layout };
}

const endsText = (of: EndValues): FlowEnds => ({
  source: endText(of.source, of.sourcePort),
  destination: endText(of.destination, of.destinationPort),
});

/** Its pieces are those whose size is a bit of the length, the longest first. */
function frameBytes(
  record: Uint8Array,
  pieces: { readonly at: number; readonly layout: LayoutData },
  length: number,
): Uint8Array {
  const { fields } = pieces.layout as StructLayout;
  const kept = Math.min(
    length,
    fields.reduce((sum, { layout }) => sum + layout.size, 0),
  );
  const bytes = new Uint8Array(kept);
  let at = 0;
  for (const { offset, layout } of fields) {
    if ((kept & layout.size) === 0) continue;
    bytes.set(record.subarray(pieces.at + offset, pieces.at + offset + layout.size), at);
    at += layout.size;
  }
  return bytes;
}

/** Nanoseconds since 1970 of the kernel's monotonic clock, which is this process's high-resolution clock. */
const epoch = (): bigint => BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();

/** The records of one packet are told together, when it has left: in order, how it arrived first. */
export function traceDecoder(manifest: Manifest, serviceAt: (index: number) => TracedService | null) {
  const frame = layoutOf(manifest, NODE_MAP.traceFrame, "value");
  const step = field(layoutOf(manifest, NODE_MAP.traceMark, "value"), "step").layout;
  const head = field(frame, "head");
  const ends = field(step, "ends");
  const pieces = field(frame, "pieces");
  const rewritesIn = rewritesReader(manifest);
  const numbers = ["length", "ingress", "asked", "said", "reason"].map((name) => [name, field(frame, name)] as const);
  const started = epoch();
  const open = new Map<
    number,
    {
      readonly packet: number;
      readonly number: number;
      reason: string | null;
      readonly records: TraceRecord[];
      /** Its filters have been asked, or its service whether its decision holds; what they said is told by what comes after. */
      asked: { readonly hook: "filter" | "holds" | "decide"; readonly replies: boolean } | null;
    }
  >();
  let count = 0;

  const reasonOf = (service: number, reason: number): string | null => serviceAt(service)?.drops[reason] ?? null;
  const endsIn = (bytes: Uint8Array): FlowEnds => endsText(decode(ends.layout, bytes, ends.at) as EndValues);

  function last(bytes: Uint8Array, { service, detail, extra, box }: Head, nodeReason: string | null) {
    const told = Object.fromEntries(
      numbers.map(([name, one]) => [name, decode(one.layout, bytes, one.at) as number]),
    ) as Record<"length" | "ingress" | "asked" | "said" | "reason", number>;
    const kept: TracedFrame = { bytes: frameBytes(bytes, pieces, told.length), length: told.length };
    const refused = told.asked !== 0 && (told.said === DROP || told.said === REJECT);
    const reason = nodeReason ?? (refused ? reasonOf(service, told.reason) : null);
    return {
      kept,
      ingress: told.ingress,
      reason,
      verdict: VERDICTS[detail] ?? "abort",
      out: detail === REDIRECT ? extra : null,
      said: { kind: told.said, box, reason: reasonOf(service, told.reason) },
    };
  }

  /** Gives the records of a packet when its last has come; none before. */
  return (bytes: Uint8Array): readonly TraceRecord[] => {
    const one = decode(head.layout, bytes, head.at) as Head;
    const { cpu, packet, service, vni, detail, extra, box, holds } = one;
    const what = STEP.get(one.point);
    if (what === undefined) return [];
    let of = open.get(cpu);
    // The last record of the one before had no room.
    const before = of !== undefined && of.packet !== packet ? of.records : [];
    if (of === undefined || of.packet !== packet) {
      count += 1;
      of = { packet, number: count, reason: null, records: [], asked: null };
      open.set(cpu, of);
    }
    const { records } = of;
    const told = {
      packet: of.number,
      time: started + one.at,
      cpu,
      vni,
      service: serviceAt(service)?.name ?? null,
    };
    /** What each middlebox has said of the hook that was asked last. */
    const settle = (asked: NonNullable<typeof of>["asked"], said: ChainWord): void => {
      const known = serviceAt(service);
      if (asked === null || known === null) return;
      const words = wordsOf(known, asked, said).map((word) => ({ ...told, step: "verdict" as const, ...word }));
      // Behind the filters' own record: what came of their verdict is told before they are known.
      const at = asked.hook === "filter" ? records.findLastIndex(({ step }) => step === "filter") + 1 : records.length;
      records.splice(at, 0, ...words.map((word) => ({ ...word, time: records[at - 1]?.time ?? word.time })));
    };
    switch (what) {
      case "arrived": {
        const { kept, ingress } = last(bytes, one, null);
        // It is told at the end, so that only packets that are meant cost a copy.
        records.unshift({
          ...told,
          time: records[0]?.time ?? told.time,
          service: null,
          vni: 0,
          step: "arrived",
          interface: ingress,
          frame: kept,
        });
        return before;
      }
      case "left": {
        const { kept, reason, verdict, out, said } = last(bytes, one, of.reason);
        if (of.asked?.hook === "filter") settle(of.asked, said);
        open.delete(cpu);
        return [...before, ...records, { ...told, step: "left", verdict, reason, interface: out, frame: kept }];
      }
      case "flow":
        records.push({
          ...told,
          step: "flow",
          direction: (detail & 1) === 1 ? "reply" : "client",
          ends: endsIn(bytes),
          fragment: (detail & 2) !== 0,
        });
        return before;
      case "filter":
        of.asked = { hook: "filter", replies: detail === 1 };
        records.push({ ...told, step: "filter" });
        return before;
      case "ask": {
        // Whoever is asked to decide was let pass.
        if (of.asked?.hook === "filter") settle(of.asked, PASSED);
        const asks = ASKS.get(detail) ?? "decide";
        // What `complete` said has a record of its own.
        of.asked = asks === "complete" ? null : { hook: asks === "holds" ? "holds" : "decide", replies: false };
        records.push({ ...told, step: "ask", asks });
        return before;
      }
      case "decided": {
        const outcome = detail === HELD ? "holds" : (OUTCOMES[detail] ?? "drop");
        const reason = detail === DROP || detail === REJECT ? reasonOf(service, extra) : null;
        const ends = detail === HELD || detail === PASS ? endsIn(bytes) : null;
        if (of.asked?.hook === "holds") {
          settle(of.asked, holds >= DENIED ? { kind: ENDS, box: holds - DENIED, reason: null } : PASSED);
          if (detail !== HELD) of.asked = { hook: "decide", replies: false };
        }
        if (detail !== HELD) settle(of.asked, { kind: detail, box, reason });
        of.asked = null;
        records.push({ ...told, step: "decided", outcome, reason, ends });
        return before;
      }
      case "completed": {
        const middlebox = serviceAt(service)?.chain[box]?.name;
        const verdict = OUTCOMES[detail];
        const refused = detail === DROP || detail === REJECT;
        // A version that has no hook any more lets go of the flow: no middlebox has said so.
        if (middlebox === undefined || verdict === undefined)
          records.push({ ...told, step: "decided", outcome: verdict ?? "drop", reason: null, ends: null });
        else
          records.push({
            ...told,
            step: "verdict",
            middlebox,
            hook: "complete",
            verdict,
            reason: refused ? reasonOf(service, extra) : null,
            rewrites: null,
            shift: detail === COMPLETE ? extra : null,
          });
        return before;
      }
      case "said": {
        const rewrites = rewritesIn(bytes);
        const chain = serviceAt(service)?.chain ?? [];
        for (const [at, one] of records.entries()) {
          if (one.step !== "verdict" || one.hook !== "decide") continue;
          const changed = rewrites.get(chain.findIndex(({ name }) => name === one.middlebox));
          if (changed !== undefined) records[at] = { ...one, rewrites: changed };
        }
        return before;
      }
      case "dropped": {
        of.reason = manifest.node?.drops[detail] ?? "dropped";
        records.push({ ...told, vni: records.at(-1)?.vni ?? 0, step: "dropped", reason: of.reason });
        return before;
      }
      default:
        records.push({ ...told, step: what });
        return before;
    }
  };
}
