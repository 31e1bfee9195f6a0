/** A trace for people: a line for each step, and each packet's headers as it came and as it left, what has changed marked. */
import { type Layer, layersOf } from "./layers.ts";
import type { TraceRecord } from "./records.ts";

export interface TracePaint {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

const QUESTIONS = {
  decide: "to decide",
  holds: "whether its decision holds",
  complete: "whether its flow has waited for this",
  anew: "whether another connection begins",
} as const;

const PLAIN: TracePaint = { strong: (text) => text, faint: (text) => text };

/** "12:00:00.123456789", UTC. */
function clockText(time: bigint): string {
  const seconds = new Date(Number(time / 1_000_000n)).toISOString().slice(11, 19);
  return `${seconds}.${String(time % 1_000_000_000n).padStart(9, "0")}`;
}

/** The header of the same name, and as many of that name before it. */
function counterpart(layers: readonly Layer[], index: number, others: readonly Layer[]): Layer | undefined {
  const { name } = layers[index] as Layer;
  const before = layers.slice(0, index).filter((one) => one.name === name).length;
  return others.filter((one) => one.name === name)[before];
}

function headers(layers: readonly Layer[], others: readonly Layer[], paint: TracePaint): string {
  return layers
    .map((layer, index) => {
      const other = counterpart(layers, index, others);
      const fields = Object.entries(layer.fields).map(([name, value]) => {
        const said = `${name}=${value}`;
        return others.length > 0 && other?.fields[name] !== value ? paint.strong(`*${said}`) : said;
      });
      return `      ${layer.name} ${fields.join(" ")}\n`;
    })
    .join("");
}

/** What is said of a step, without its packet's bytes. */
function sentence(record: TraceRecord): string {
  const service = record.service ?? "no service";
  switch (record.step) {
    case "arrived":
      return `arrived by interface ${record.interface}, ${record.frame.length} bytes`;
    case "unwrapped":
      return `out of its tunnel, in network ${record.vni}`;
    case "service":
      return `service ${service}`;
    case "flow": {
      const { source, destination } = record.ends;
      return `${record.fragment ? "a fragment of a " : ""}known flow of ${service}, ${record.direction === "reply" ? "a reply" : "from its client"}: ${source} -> ${destination}`;
    }
    case "filter":
      return `filters of ${service}`;
    case "ask":
      return `${service} is asked ${QUESTIONS[record.asks]}`;
    case "decided": {
      const reason = record.reason === null ? "" : ` (${record.reason})`;
      const ends = record.ends === null ? "" : `: ${record.ends.source} -> ${record.ends.destination}`;
      return `${service} decided: ${record.outcome}${reason}${ends}`;
    }
    case "verdict": {
      const reason = record.reason === null ? "" : ` (${record.reason})`;
      const rewrites = (record.rewrites ?? []).map(
        ({ field, before, after }) => `, ${field} ${before === null ? "" : `${before} `}-> ${after}`,
      );
      const shift = record.shift === null ? "" : `, sequence numbers + ${record.shift}`;
      return `  ${record.hook} of ${record.middlebox}: ${record.verdict}${reason}${rewrites.join("")}${shift}`;
    }
    case "translated":
      return "becomes a packet of the other family";
    case "entered":
      return "flow entered, both directions";
    case "route":
      return "the kernel is asked for its route";
    case "wrap":
      return "into a tunnel";
    case "obstacle":
      return "too long for its way, or its time to live is exceeded";
    case "error":
      return `ICMP error about a flow of ${service}`;
    case "refuse":
      return "its sender is told that it was rejected";
    case "dropped":
      return `dropped by the node: ${record.reason}`;
    case "left": {
      const where = record.interface === null ? "" : ` by interface ${record.interface}`;
      const reason = record.reason === null ? "" : ` (${record.reason})`;
      return `${record.verdict}${where}${reason}, ${record.frame.length} bytes`;
    }
  }
}

/** Gives the lines of each record in turn. */
export function tracePrinter(paint: TracePaint = PLAIN): (record: TraceRecord) => string {
  let before: readonly Layer[] = [];
  return (record) => {
    const said = sentence(record);
    if (record.step === "arrived") {
      before = layersOf(record.frame.bytes);
      const network = record.vni === 0 ? "" : `, network ${record.vni}`;
      const head = paint.strong(`packet ${record.packet}`);
      return `${head} ${paint.faint(`${clockText(record.time)} cpu ${record.cpu}`)}${network}\n  ${said}\n${headers(before, [], paint)}`;
    }
    if (record.step !== "left") return `  ${said}\n`;
    return `  ${paint.strong(said)}\n${headers(layersOf(record.frame.bytes), before, paint)}`;
  };
}
