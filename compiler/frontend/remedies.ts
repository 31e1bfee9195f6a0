/** What to write instead of what TypeScript refuses: by its code, the types that it names, and the text that it marks. */

import { parseAddress, parseMac } from "../../sdk/layout/address.ts";

/** A mistake as TypeScript tells it. */
export interface Refused {
  readonly code: number;
  /** All of what TypeScript says, one reason a line. */
  readonly text: string;
  /** What it marks. */
  readonly marked: string;
  /** The source from there to the end of the line: of what is assigned, TypeScript marks the name. */
  readonly line: string;
  /** The hook that the place is in. */
  readonly hook: string | null;
}

export interface Advised {
  /** TypeScript's own text, the line of it that tells most where it is long. */
  readonly reason: string;
  readonly fix: string;
}

const NO_OVERLAP = 2367;
const NOT_ASSIGNABLE: ReadonlySet<number> = new Set([2322, 2345, 2559]);
/** "Operator '+' cannot be applied to types 'u64' and '1'." */
const NO_OPERATOR = 2365;
/** A function that ends without a return, and one that has none. */
const NO_RETURN: ReadonlySet<number> = new Set([2366, 2355]);

/** A type that is found, and the one that is wanted there. */
type Pair = readonly [found: string, wanted: string];

/** One value stands for all of its type. */
const general = (type: string): string => {
  if (/^".*"$/.test(type)) return "string";
  if (/^-?[\d.]+$/.test(type)) return "number";
  return type === "true" || type === "false" ? "boolean" : type;
};

const PAIRS: readonly RegExp[] = [
  /(?:Type|type) '(.+?)' is not assignable to (?:parameter of )?type '(.+)'\.$/,
  /Type '(.+?)' has no properties in common with type '(.+)'\.$/,
  /is missing in type '(.+?)' but required in type '(.+)'\.$/,
  /types '(.+?)' and '(.+?)' have no overlap\.$/,
  /cannot be applied to types '(.+?)' and '(.+?)'\.$/,
];

/** The types that a reason names, the deepest reason first. Where two stand on the sides of an operator, each may be wanted. */
function pairsOf({ code, text }: Refused): readonly Pair[] {
  const pairs = text.split("\n").flatMap((line) => {
    const [, found, wanted] = PAIRS.map((pair) => pair.exec(line)).find((match) => match !== null) ?? [];
    return found === undefined || wanted === undefined ? [] : [[general(found), general(wanted)] as const];
  });
  if (code !== NO_OVERLAP && code !== NO_OPERATOR) {
    const isProgram = text.includes("'(frame: Frame) => u32'");
    return pairs.reverse().map(([found, wanted]) => [found, isProgram && wanted === "u32" ? "Action" : wanted]);
  }
  return pairs.flatMap(([left, right]) => [[right, left] as const, [left, right] as const]);
}

/** Where a value is refused: the name that it is given to, and of the source what the value may be read from. */
interface Place {
  readonly name: string | null;
  readonly source: string;
  readonly hook: string | null;
}

function placeOf({ code, marked, line, hook }: Refused): Place {
  if (code === NO_OVERLAP || code === NO_OPERATOR) return { name: null, source: marked, hook };
  const [given = "", name = null] = /^(?:[\w.()]+\.)?(\w+)\s*(?::\s*\w+\s*=|[:=])\s*/.exec(line) ?? [];
  const [source = ""] = /^(?:\w+\()?(?:"[^"]*"|'[^']*'|\d\w*)/.exec(line.slice(given.length)) ?? [];
  return { name, source, hook };
}

const quotedIn = (source: string): string | null => /"([^"]*)"|'([^']*)'/.exec(source)?.slice(1).find(Boolean) ?? null;

/** A number that stands alone in the source, such as that of `perSecond: 100`. */
const numberIn = (source: string): string | null => /(?<![\w.])(\d[\d_]*)(?![\w.])/.exec(source)?.[1] ?? null;

const isAddress = (text: string): boolean => parseAddress(text) !== null;
const isMac = (text: string): boolean => parseMac(text) !== null;

const addressIn = (source: string, or: string): string => {
  const found = quotedIn(source);
  return found !== null && isAddress(found) ? found : or;
};

/** A network's text names many addresses. */
const networks = (source: string): string =>
  /["'][\da-f.:]+\/\d+["']/i.test(source)
    ? " Whether an address lies in a network is asked of `prefixes` in the middlebox's config: `config.networks.has(packet.source)`."
    : "";

const endpointIn = (source: string): string => {
  const text = quotedIn(source) ?? "";
  const [, host = text, port = "80"] = /^\[?([\da-f.:]+?)\]?:(\d+)$/i.exec(isAddress(text) ? "" : text) ?? [];
  return `{ address: address("${isAddress(host) ? host : "10.0.0.5"}"), port: ${port} }`;
};

const OUTCOMES: Readonly<Record<string, string>> = {
  Verdict: '`pass()` or `drop("reason")`',
  Decision: '`flow.forward()`, `flow.rewrite({ ... })` or `drop("reason")`',
  Completion: '`flow.complete({ ... })` or `drop("reason")`',
  Action: "`Action.Pass` or `Action.Drop`",
};
const OUTCOME = /^(Verdict|Decision|Completion|Action)$/;
const outcomes = (wanted: string): string => OUTCOMES[wanted] ?? "";

const EXAMPLE: Readonly<Record<string, string>> = { number: "u32", boolean: "bool", bigint: "u64" };

interface Row {
  readonly found: RegExp;
  readonly wanted: RegExp;
  readonly fix: (place: Place, found: string, wanted: string) => string;
}

/** The first that fits is said. */
const ROWS: readonly Row[] = [
  {
    found: /^number$/,
    wanted: /^(u64|i64)$/,
    fix: ({ source }, _, wanted) =>
      `A ${wanted} is a bigint: write \`${numberIn(source) ?? "100"}n\`, or \`${wanted}(value)\` of what is computed.`,
  },
  {
    found: /^(string|number|bigint)$/,
    wanted: /^address$/,
    fix: ({ source }) => `Write \`address("${addressIn(source, "10.0.0.1")}")\`.${networks(source)}`,
  },
  {
    found: /^(string|number|bigint)$/,
    wanted: /^ipv[46]$/,
    fix: ({ source }, _, wanted) =>
      `Write \`${wanted}("${addressIn(source, wanted === "ipv4" ? "10.0.0.1" : "fd00::1")}")\`.${networks(source)}`,
  },
  {
    found: /^ipv[46]$/,
    wanted: /^address$/,
    fix: ({ source }, found) =>
      `An \`address\` is of either family, an \`${found}\` of one: write both sides as \`address("${addressIn(source, "10.0.0.1")}")\`, or both as \`${found}("...")\`.`,
  },
  {
    found: /^(string|number|bigint)$/,
    wanted: /^mac$/,
    fix: ({ source }) => {
      const found = quotedIn(source);
      return `Write \`mac("${found !== null && isMac(found) ? found : "02:00:00:00:00:01"}")\`.`;
    },
  },
  {
    found: /./,
    wanted: /^Field<any> \| Layout<any>$/,
    fix: ({ name }, found) => {
      const isScalar = /^(u8|u16|u32|u64|i32|i64|ipv4|ipv6|mac|address)$/.test(found);
      const type = /port/i.test(name ?? "port") ? "u16" : (EXAMPLE[found] ?? (isScalar ? found : "u32"));
      return `Declare its type, \`${name ?? "port"}: ${type}\`: the value comes from the config file.`;
    },
  },
  {
    found: /./,
    wanted: /^State<any>$/,
    fix: () =>
      "State is declared, not given a value: `packets: counter()`, or what `boundedTable`, `rateLimiter`, `events` or `bindings` keep.",
  },
  {
    found: /^(undefined|void)$/,
    wanted: OUTCOME,
    fix: ({ hook }, _, wanted) => {
      const kind = wanted === "Action" ? "an action" : `a ${wanted.toLowerCase()}`;
      return `Not every path${hook === null ? "" : ` of '${hook}'`} returns ${kind}: return ${outcomes(wanted)} at the end.`;
    },
  },
  {
    found: /^Verdict$/,
    wanted: /^Decision$/,
    fix: () =>
      'Return `flow.forward()` to let the flow go on: `pass()` is a filter\'s word. `drop("reason")` is said in both.',
  },
  {
    found: /^Decision$/,
    wanted: /^Verdict$/,
    fix: () => "A filter returns `pass()` or `drop(\"reason\")`: where a flow goes is said in 'decide'.",
  },
  { found: /./, wanted: OUTCOME, fix: (_, __, wanted) => `Return ${outcomes(wanted)}.` },
  {
    found: /^(string|address|ipv4|ipv6|number)$/,
    wanted: /address: AddressOf<address>; port: ScalarOf<u16>/,
    fix: ({ source }) => `Name both parts: \`${endpointIn(source)}\`.`,
  },
];

const LONG = 140;

/** Of a long text its first line, and where that is long too, its last: the deepest reason. */
function briefly(text: string): string {
  if (text.length <= LONG) return text;
  const lines = text.split("\n").map((line) => line.trim());
  return lines.find((line, i) => i === 0 && line.length <= LONG) ?? lines.at(-1) ?? text;
}

/** Null where nothing better is known than what TypeScript says. */
export function remedyOf(refused: Refused): Advised | null {
  const { code, text } = refused;
  if (NO_RETURN.has(code)) return { reason: text, fix: "Return a value at the end of every path." };
  if (!NOT_ASSIGNABLE.has(code) && code !== NO_OVERLAP && code !== NO_OPERATOR) return null;
  for (const [found, wanted] of pairsOf(refused)) {
    const row = ROWS.find((each) => each.found.test(found) && each.wanted.test(wanted));
    if (row !== undefined) return { reason: briefly(text), fix: row.fix(placeOf(refused), found, wanted) };
  }
  return null;
}
