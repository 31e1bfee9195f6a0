/**
 * A strict reader of Prometheus' text exposition format 0.0.4, written from its specification: every metric has its help and
 * type before its samples and all of them together, names and labels are well formed, no sample stands there twice.
 */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
export interface Exposition {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/;
const ESCAPES: Readonly<Record<string, string>> = { '\\"': '"', "\\\\": "\\", "\\n": "\n" };

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== ""; ) {
    const found = LABEL.exec(rest);
    if (found === null) throw new Error(`labels: ${rest}`);
    const [whole, name = "", value = ""] = found;
    if (name in labels) throw new Error(`label '${name}' twice`);
    labels[name] = value.replace(/\\["\\n]/g, (written) => ESCAPES[written] ?? written);
    rest = rest.slice(whole.length);
  }
  return labels;
}

export function readExposition(text: string): Exposition {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const closed = new Set<string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  let current = "";
  const open = (name: string): void => {
    if (name === current) return;
    if (closed.has(name) || !NAME.test(name)) throw new Error(`'${name}' again, or no name`);
    closed.add(current);
    current = name;
  };
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = "", rest = ""] = comment;
      open(name);
      if (kind === "HELP") {
        if (helped.has(name) || /\\[^\\n]/.test(rest.replaceAll("\\\\", ""))) throw new Error(`help of ${name}`);
        helped.add(name);
      } else {
        if (types.has(name) || !["counter", "gauge"].includes(rest)) throw new Error(`type of ${name}: ${rest}`);
        types.set(name, rest);
      }
      continue;
    }
    const found = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (found === null) throw new Error(`line: ${line}`);
    const [, name = "", labels = "", value = ""] = found;
    if (name !== current || !types.has(name) || !helped.has(name)) throw new Error(`${name} stands by itself`);
    const sample = { name, labels: readLabels(labels), value: Number(value) };
    if (value === "" || !Number.isFinite(sample.value)) throw new Error(`value: ${line}`);
    if ((types.get(name) === "counter") !== name.endsWith("_total")) throw new Error(`${name} is a ${types.get(name)}`);
    const identity = `${name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
    if (seen.has(identity)) throw new Error(`twice: ${line}`);
    seen.add(identity);
    samples.push(sample);
  }
  return { types, samples };
}
