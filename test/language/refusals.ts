/**
 * What the compiler refuses, one code each: a text that gives exactly this problem, at the place marked with §, and
 * beside it the nearest text that is accepted.
 */
export interface RefusalExample {
  readonly code: string;
  /** What is wrong, in the words of docs/language.md. */
  readonly what: string;
  readonly refused: string;
  readonly accepted: string;
}

/** A program around statements. */
export const body = (statements: string, module = ""): string =>
  `${module}
export default program("example", (frame) => {
  ${statements}
  return Action.Pass;
});`;

const table = "const table = map.hash({ key: u32, value: struct({ n: u32, small: u8 }), max: 4 });";
const view = "const h = frame.cursor().take(ethernetHeader); if (h === null) return Action.Drop;";

/** A service of one middlebox that decides. */
const deciding = (statements: string): string => `
import { drop, middlebox, service } from "zeta";
import { map, u32 } from "zeta/bpf";
const seen = map.hash({ key: u32, value: u32, max: 4 });
const box = middlebox("box", {
  decide(flow) {
    ${statements}
    return flow.forward();
  },
});
export default service("example", { chain: [box] });`;

/** A service of one middlebox that counts. */
const counting = (hook: string): string => `
import { counter, middlebox, pass, service } from "zeta";
const box = middlebox("box", { state: { seen: counter() }, ${hook} });
export default service("example", { chain: [box], listen: "all" });`;

/** A service of one middlebox that filters. */
const filtering = (statements: string): string => `
import { ipv4, middlebox, pass, service } from "zeta";
const box = middlebox("box", {
  filter(packet) {
    const ip = packet.ipv4();
    if (ip === null) return pass();
    ${statements}
    return pass();
  },
});
export default service("example", { chain: [box] });`;

/** A filter that looks at two bytes by a cursor. */
const viewing = (cursor: string, statement: string): string =>
  filtering(`const view = ${cursor}?.take(header({ n: u16 })) ?? null;\n    if (view !== null) ${statement}`)
    .replace("service }", "service, u16, u32 }")
    .replace('from "zeta";', 'from "zeta";\nimport { header } from "zeta/bpf";');

/** A service whose decision waits. */
const waiting = (decide: string, hooks: string): string => `
import { middlebox, pending, service } from "zeta";
const box = middlebox("box", {
  decide(flow) {
    ${decide}
  },
  ${hooks}
});
export default service("example", { chain: [box] });`;

const example = (code: string, what: string, refused: string, accepted: string): RefusalExample => ({
  code,
  what,
  refused,
  accepted,
});

export const examples: readonly RefusalExample[] = [
  example("ZT1001", "broken syntax", body("const x = §;"), body("const x = 1;")),
  example("ZT1002", "what TypeScript refuses", body('const §x: u32 = "text";'), body("const x: u32 = 1;")),
  example("ZT1002", "a name that nobody declared", body("const x = §nowhere;"), body("const x = frame.length;")),
  example("ZT1010", "any", body("const §x: any = frame.length;"), body("const x: u32 = frame.length;")),
  example(
    "ZT1010",
    "a parameter of type any",
    body("f(frame.length);", "const f = (§n: any) => n;"),
    body("f(frame.length);", "const f = (n: u32) => n;"),
  ),
  example("ZT1011", "a class", body("§class Box { n = 1; }"), body("const box = { n: 1 };")),
  example(
    "ZT1011",
    "an instance",
    body("const box = §new Box();", "class Box { n = 1; }"),
    body("const box = makeBox();", "const makeBox = () => ({ n: 1 });"),
  ),
  example(
    "ZT1012",
    "throw",
    body("if (frame.length < 20) §throw 1;"),
    body("if (frame.length < 20) return Action.Drop;"),
  ),
  example("ZT1012", "try", body("§try { frame.adjustHead(4); } catch { }"), body("frame.adjustHead(4);")),
  example("ZT1013", "await", body("f();", "const f = §async () => 1;"), body("f();", "const f = () => 1;")),
  example(
    "ZT1014",
    "a generator",
    body("f();", "§function* f() { yield 1; }"),
    body("f();", "function f() { return 1; }"),
  ),
  example("ZT1015", "a regular expression", body("const r = §/a+/;"), body("const r = 7;")),
  example("ZT1016", "a fraction", body("const x = frame.length + §1.5;"), body("const x = frame.length * 3 / 2;")),
  example(
    "ZT1016",
    "a fraction from constants",
    body("const x = frame.length * §RATE;", "const RATE = 0.25;"),
    body("const x = frame.length / RATE;", "const RATE = 4;"),
  ),
  example(
    "ZT1017",
    "a string built from the packet",
    body(`const s = \`length \${§frame.length}\`;`),
    body('log("length %d", frame.length);'),
  ),
  example("ZT1017", "a string compared with data", body('const s = §"a" + frame.length;'), body('const s = "a" + 1;')),
  example(
    "ZT1018",
    "a list that grows",
    body("let list = [1, 2];\n  §list = [...list, frame.length];"),
    body("const list = [1, 2];\n  const longer = [...list, frame.length];"),
  ),
  example(
    "ZT1018",
    "an object put where only bytes fit",
    body("§kept.value = { n: frame.length } as never;", "const kept = variable(u32, 0);"),
    body("kept.value = frame.length;", "const kept = variable(u32, 0);"),
  ),
  example(
    "ZT1019",
    "a property by a name that depends on the packet",
    body("const x = §lists[frame.length];", "const lists = [1, 2, 3];"),
    body("const x = lists[1];", "const lists = [1, 2, 3];"),
  ),
  example("ZT1020", "delete", body("const o: { n?: number } = { n: 1 };\n  §delete o.n;"), body("const o = { n: 1 };")),
  example("ZT1020", "var", body("§var x = 1;"), body("let x = 1;")),
  example("ZT1020", "for…in", body("§for (const k in { a: 1 }) { }"), body("for (const k of [1]) { }")),
  example(
    "ZT1020",
    "falling through",
    body("switch (frame.length) { §case 1: frame.adjustHead(4); case 2: return Action.Drop; }"),
    body("switch (frame.length) { case 1: frame.adjustHead(4); break; case 2: return Action.Drop; }"),
  ),
  example(
    "ZT1021",
    "recursion",
    body("f(frame.length);", "const f = (n: u32): u32 => (n === 0 ? 0 : §f(n - 1));"),
    body(
      "f(frame.length);",
      "const f = (n: u32): u32 => { let m = n; for (let i = 0; i < 8; i++) m = m / 2; return m; };",
    ),
  ),
  example(
    "ZT1021",
    "recursion by way of another",
    body(
      "even(frame.length);",
      "const even = (n: u32): boolean => n === 0 || odd(n - 1);\nconst odd = (n: u32): boolean => n !== 0 && §even(n - 1);",
    ),
    body("even(frame.length);", "const even = (n: u32): boolean => n % 2 === 0;"),
  ),
  example(
    "ZT1022",
    "what JavaScript has and the data path has not",
    body('const x = §parseInt("7");'),
    body("const x = Math.min(7, 8);"),
  ),
  example(
    "ZT2020",
    "a function that Math has only in JavaScript",
    body("const x = Math.§floor(7);"),
    body("const x = Math.max(7, 8);"),
  ),
  example(
    "ZT1023",
    "an unknown import",
    `import { x } from §"nowhere";\n${body("const y = x;")}`,
    body("const y = 1;"),
  ),
  example(
    "ZT1024",
    "a function that depends on the packet",
    body("const f = frame.length > 60 ? one : two;\n  f();", "const one = () => 1;\nconst two = () => 2;").replace(
      "frame.length > 60 ?",
      "§frame.length > 60 ?",
    ),
    body("const n = frame.length > 60 ? one() : two();", "const one = () => 1;\nconst two = () => 2;"),
  ),
  example(
    "ZT1024",
    "a closure kept in a let",
    body("let f = one;\n  §f = two;\n  f();", "const one = () => 1;\nconst two = () => 2;"),
    body("const f = one;\n  f();", "const one = () => 1;"),
  ),
  example(
    "ZT1025",
    "loose equality",
    body("if (§frame.length == 5) return Action.Drop;"),
    body("if (frame.length === 5) return Action.Drop;"),
  ),
  example(
    "ZT1025",
    "loose inequality",
    body("if (§frame.length != 5) return Action.Drop;"),
    body("if (frame.length !== 5) return Action.Drop;"),
  ),
  example(
    "ZT1026",
    "a map declared in a function",
    body("const t = §map.hash({ key: u32, value: u32, max: 4 });\n  t.get(1);"),
    body("t.get(1);", "const t = map.hash({ key: u32, value: u32, max: 4 });"),
  ),
  example(
    "ZT1026",
    "a variable of the loader declared in a function",
    body("const c = §constant(u32, 1);"),
    body("c.value;", "const c = constant(u32, 1);"),
  ),

  example(
    "ZT1027",
    "a condition at the top level",
    body(
      "if (frame.length > limits.most) return Action.Drop;",
      "const limits = { most: 60 };\n§if (limits.most < 64) limits.most = 64;",
    ),
    body("if (frame.length > limits.most) return Action.Drop;", "const limits = { most: 60 < 64 ? 64 : 60 };"),
  ),
  example(
    "ZT1027",
    "a statement in a namespace",
    body("", "namespace one.two {\n  §throw new Error();\n}"),
    body("", "declare namespace one.two {}"),
  ),
  example(
    "ZT1028",
    "a constant that is computed from itself",
    body("f(limit);", "const f = (n: number): number => §limit + n;\nconst limit: number = f(1);"),
    body("f(limit);", "const f = (n: number): number => 60 + n;\nconst limit: number = f(1);"),
  ),
  example(
    "ZT1029",
    "a name of a module that is assigned",
    body("seen++;\n  if (seen > 5) return Action.Drop;", "let §seen = 0;"),
    body("seen.value++;\n  if (seen.value > 5) return Action.Drop;", "const seen = variable(u32, 0);"),
  ),
  example(
    "ZT1029",
    "a var of a module",
    body("const n = most;", "var §most = 5;"),
    body("const n = most;", "const most = 5;"),
  ),
  example("ZT1027", "a loop at the top level", body("", "§while (true) {}"), body("", '"use strict";')),

  example(
    "ZT2001",
    "a loop without a bound",
    body("let n = frame.length;\n  §while (n > 1) n = n / 2;"),
    body("let n = frame.length;\n  for (let i = 0; i < 16 && n > 1; i++) n = n / 2;"),
  ),
  example(
    "ZT2001",
    "a for whose bound is the packet's",
    body("§for (let i = 0; i < random(); i++) { }"),
    body("for (let i = 0; i < (random() & 15); i++) { }"),
  ),
  example("ZT2001", "for ever", body("§for (;;) { }"), body("for (let i = 0; i < 8; i++) { }")),
  example(
    "ZT2001",
    "a do without a counter",
    body("§do { frame.cursor(); } while (random() > 5);"),
    body("let i = 0;\n  do { i++; } while (i < 5);"),
  ),
  example(
    "ZT2001",
    "a counter that the body moves back",
    body("§for (let i = 0; i < 8; i++) { i = 0; }"),
    body("for (let i = 0; i < 8; i++) { }"),
  ),
  example(
    "ZT2002",
    "a view read before its null check",
    body("const h = frame.cursor().take(ethernetHeader)!;\n  h.type;").replace("= frame", "= §frame"),
    body(`${view}\n  h.type;`),
  ),
  example(
    "ZT2002",
    "a look-up read before its null check",
    body("table.get(1)!.n;", table).replace("table.get", "§table.get"),
    body("table.get(1)?.n;", table),
  ),
  example(
    "ZT2003",
    "a view used after the packet was moved",
    body(`${view}\n  frame.adjustHead(4);\n  h.§type;`),
    body(`${view}\n  const copy = { ...h };\n  frame.adjustHead(4);\n  copy.type;`),
  ),
  example(
    "ZT2003",
    "a view used after a tail call",
    body(`${view}\n  stages.call(1);\n  h.§type;`, "const stages = map.programs({ max: 2 });"),
    body(
      `${view}\n  const copy = { ...h };\n  stages.call(1);\n  copy.type;`,
      "const stages = map.programs({ max: 2 });",
    ),
  ),
  example(
    "ZT2003",
    "a view written after the packet was moved on one path",
    body(`${view}\n  if (frame.length > 60) frame.adjustTail(i32(-4));\n  §h.type = 5;`),
    body(`${view}\n  h.type = 5;\n  if (frame.length > 60) frame.adjustTail(i32(-4));`),
  ),
  example(
    "ZT2004",
    "a u32 where a u8 is wanted",
    body("§n = frame.length;").replace("§n", "let n: u8 = 0;\n  §n"),
    body("let n: u8 = 0;\n  n = u8(frame.length);"),
  ),
  example(
    "ZT2004",
    "a sum that may not fit",
    body("const e = table.get(1);\n  if (e !== null) §e.small = e.small + 1;", table),
    body("const e = table.get(1);\n  if (e !== null) e.small = u8(e.small + 1);", table),
  ),
  example(
    "ZT2005",
    "mixed widths",
    body('const x = §clock("boot") + ipv6("::1");'),
    body('const x = clock("boot") + 5n;'),
  ),
  example(
    "ZT2005",
    "signed with unsigned",
    body("const x = §i32(frame.length) < frame.length;"),
    body("const x = u32(i32(frame.length)) < frame.length;"),
  ),
  example(
    "ZT2006",
    "a default out of range, where it stands",
    body("const f = (n: u8 = §300) => n;\n  if (f() === 0) return Action.Drop;"),
    body("const f = (n: u8 = 255) => n;\n  if (f() === 0) return Action.Drop;"),
  ),
  example("ZT2006", "a constant out of range", body("let n: u8 = §300;\n  n++;"), body("let n: u8 = 255;\n  n++;")),
  example(
    "ZT2007",
    "arithmetic on addresses",
    body('const x = §ipv4("10.0.0.1") + 1;'),
    body('const x = u32(ipv4("10.0.0.1")) + 1;'),
  ),
  example(
    "ZT2007",
    "a negated address",
    body("const x = §-a;", 'const a = mac("02:00:00:00:00:01");'),
    body("const x = ~a;", 'const a = mac("02:00:00:00:00:01");'),
  ),
  example(
    "ZT2008",
    "an unsigned value compared with a negative one",
    body("if (§frame.length < -1) return Action.Drop;"),
    body("if (i32(frame.length) < -1) return Action.Drop;"),
  ),
  example(
    "ZT2009",
    "a map's size that is not known",
    body("t.get(1);", "const t = map.hash({ key: u32, value: u32, max: §random() });"),
    body("t.get(1);", "const t = map.hash({ key: u32, value: u32, max: 4 * 1024 });"),
  ),
  example(
    "ZT2010",
    "an effect in decide, which may run again",
    deciding("§seen.set(1, 1);"),
    deciding('if (seen.get(1) !== null) return drop("seen");'),
  ),
  example(
    "ZT2010",
    "a counter in decide, which sees bindings alone",
    counting("decide(flow, { state }) { state.§seen.add(1n); return flow.forward(); }"),
    counting("filter(_packet, { state }) { state.seen.add(1n); return pass(); }"),
  ),
  example(
    "ZT2011",
    "too much stack",
    `export default program("example", §(frame) => {\n  const big = local(struct({ bytes: array(u64, 65) }));\n  return Action.Pass;\n});`,
    `export default program("example", (frame) => {\n  const big = local(struct({ bytes: array(u64, 32) }));\n  return Action.Pass;\n});`,
  ),
  example(
    "ZT2013",
    "a case label that depends on the packet",
    body("switch (frame.length) { case §frame.queue: return Action.Drop; }"),
    body("switch (frame.length) { case LIMIT: return Action.Drop; }", "const LIMIT = 60;"),
  ),
  example(
    "ZT2013",
    "an initial value that is not known",
    body("c.value;", "const c = constant(u32, §cpu());"),
    body("c.value;", "const c = constant(u32, 4 + 4);"),
  ),
  example(
    "ZT2014",
    "an argument of another kind",
    body("withLock(§e.n as never, () => {});".replace("e.n", "frame.length")),
    body(
      "withLock(e.lock, () => {});",
      "const t = map.array({ value: struct({ lock: spinLock, n: u32 }), max: 1 });",
    ).replace("withLock(", "const e = t.at(0); if (e !== null) withLock("),
  ),
  example(
    "ZT2015",
    "a constant written",
    body("(c as { value: u32 }).value = 5;", "const c = constant(u32, 1);").replace("(c as", "§(c as"),
    body("c.value = 5;", "const c = variable(u32, 1);"),
  ),
  example(
    "ZT2015",
    "a field of an object that a let holds by turns",
    body("let o = { n: 1 };\n  if (frame.length > 60) o = { n: 2 };\n  §o.n = 3;"),
    body("let o = { n: 1 };\n  if (frame.length > 60) o = { n: 2 };\n  o = { ...o, n: 3 };"),
  ),
  example(
    "ZT2016",
    "an index past the end",
    body("const l = local(struct({ list: array(u8, 4) }));\n  const x = §l.list[4];"),
    body("const l = local(struct({ list: array(u8, 4) }));\n  const x = l.list[3];"),
  ),
  example(
    "ZT2016",
    "an element written at an index that was not tested",
    body("const l = local(struct({ list: array(u8, 4) }));\n  l.list[§frame.length] = 1;"),
    body("const l = local(struct({ list: array(u8, 4) }));\n  const i = frame.length;\n  if (i < 4) l.list[i] = 1;"),
  ),
  example(
    "ZT2017",
    "two kinds of values",
    body("const x = §frame.length > 60 ? frame.length : frame;"),
    body("const x = frame.length > 60 ? frame.length : 7;"),
  ),
  example(
    "ZT2018",
    "a path without an action",
    `export default program("example", (§(frame: Frame) => {\n  if (frame.length > 60) return Action.Drop;\n}) as never);`,
    body(""),
  ),
  example(
    "ZT2019",
    "a look-up under a lock",
    body(
      "const e = t.at(0); if (e !== null) withLock(e.lock, () => { §t.at(1); });",
      "const t = map.array({ value: struct({ lock: spinLock, n: u32 }), max: 1 });",
    ),
    body(
      "const e = t.at(0); if (e !== null) withLock(e.lock, () => { e.n++; });",
      "const t = map.array({ value: struct({ lock: spinLock, n: u32 }), max: 1 });",
    ),
  ),
  example(
    "ZT2020",
    "a field that the layout has not",
    body("const v = { n: 1, small: 2, more: 3 };\n  table.set(1, §v);", table),
    body("const v = { n: 1, small: 2 };\n  table.set(1, v);", table),
  ),
  example(
    "ZT2021",
    "a field left out",
    body("table.set(1, §{ n: 1 } as never);", table),
    body("table.set(1, { n: 1, small: 1 });", table),
  ),
  example(
    "ZT2022",
    "two maps of one name",
    body(
      "a.get(1); b.get(1);",
      'const a = map.hash({ key: u32, value: u32, max: 4, name: "same" });\nconst b = §map.hash({ key: u32, value: u32, max: 4, name: "same" });',
    ),
    body(
      "a.get(1); b.get(1);",
      'const a = map.hash({ key: u32, value: u32, max: 4, name: "one" });\nconst b = map.hash({ key: u32, value: u32, max: 4, name: "two" });',
    ),
  ),
  example(
    "ZT2022",
    "two cases of one value",
    body("switch (frame.length) { case 1: return Action.Drop; case §1: return Action.Pass; }"),
    body("switch (frame.length) { case 1: return Action.Drop; case 2: return Action.Pass; }"),
  ),
  example(
    "ZT2023",
    "a name that the kernel does not take",
    'export default program(§"1 name", () => Action.Pass);',
    'export default program("name-1", () => Action.Pass);',
  ),
  example(
    "ZT2024",
    "leaving a loop from inside what the kernel calls",
    body("outer: for (let i = 0; i < 3; i++) { loop(4, () => { §continue outer; }); }"),
    body("for (let i = 0; i < 3; i++) { loop(4, (j) => j < 2); }"),
  ),
  example(
    "ZT2024",
    "a tail call from inside what the kernel calls",
    body("loop(4, (i) => { §stages.call(i); });", "const stages = map.programs({ max: 4 });"),
    body("stages.call(1);", "const stages = map.programs({ max: 4 });"),
  ),
  example(
    "ZT2034",
    "a record written after it was submitted",
    body(
      "const r = ring.reserve(entry);\n  if (r === null) return Action.Drop;\n  ring.submit(r);\n  §r.n = 5;",
      "const entry = struct({ n: u32 });\nconst ring = map.ringBuffer({ max: 4096 });",
    ),
    body(
      "const r = ring.reserve(entry);\n  if (r === null) return Action.Drop;\n  r.n = 5;\n  ring.submit(r);",
      "const entry = struct({ n: u32 });\nconst ring = map.ringBuffer({ max: 4096 });",
    ),
  ),
  example(
    "ZT2034",
    "a record finished a second time",
    body(
      "const r = ring.reserve(entry);\n  if (r === null) return Action.Drop;\n  if (frame.length > 60) ring.submit(r);\n  else ring.discard(r);\n  ring.submit(§r);",
      "const entry = struct({ n: u32 });\nconst ring = map.ringBuffer({ max: 4096 });",
    ),
    body(
      "let r = ring.reserve(entry);\n  if (r === null) return Action.Drop;\n  ring.submit(r);\n  r = ring.reserve(entry);\n  if (r === null) return Action.Drop;\n  r.n = 5;\n  ring.submit(r);",
      "const entry = struct({ n: u32 });\nconst ring = map.ringBuffer({ max: 4096 });",
    ),
  ),
  example(
    "ZT2025",
    "calling what is no function",
    body("const f = 5 as unknown as () => number;\n  §f();"),
    body("const f = () => 5;\n  f();"),
  ),
  example(
    "ZT2026",
    "bit fields that fill no integer",
    body("", "const b = §bits({ a: 3, b: 4 });\nexport const h = header({ b });").replace("", ""),
    body("", "const b = bits({ a: 4, b: 4 });\nexport const h = header({ b });"),
  ),
  example(
    "ZT2026",
    "two programs in one place of a jump table",
    body(
      "",
      'const stages = map.programs({ max: 4 });\nexport const one = program("one", () => Action.Pass, { slot: { table: stages, index: 1 } });\nexport const two = program("two", §() => Action.Drop, { slot: { table: stages, index: 1 } });',
    ),
    body(
      "",
      'const stages = map.programs({ max: 4 });\nexport const one = program("one", () => Action.Pass, { slot: { table: stages, index: 1 } });\nexport const two = program("two", () => Action.Drop, { slot: { table: stages, index: 2 } });',
    ),
  ),
  example(
    "ZT2028",
    "128 bits out of a subprogram that a tail call may leave",
    body(
      "return f() === 0n ? Action.Pass : Action.Drop;",
      'const stages = map.programs({ max: 4 });\nconst f = subprogram("f", (): §ipv6 => { stages.call(1); return ipv6(0n); });',
    ),
    body(
      "return f() === 0n ? Action.Pass : Action.Drop;",
      'const stages = map.programs({ max: 4 });\nconst f = subprogram("f", (): u64 => { stages.call(1); return 0n; });',
    ),
  ),
  example(
    "ZT2028",
    "an object into a subprogram",
    body("f(5 as never);", 'const f = subprogram("f", (§frame: Frame): u32 => frame.length);'),
    body("f(5);", 'const f = subprogram("f", (n: u32): u32 => n + 1);'),
  ),
  example(
    "ZT2019",
    "a call under a lock",
    body(
      "const e = t.at(0); if (e !== null) withLock(e.lock, () => { e.n = §random(); });",
      "const t = map.array({ value: struct({ lock: spinLock, n: u32 }), max: 1 });",
    ),
    body(
      "const e = t.at(0); const n = random(); if (e !== null) withLock(e.lock, () => { e.n = n; });",
      "const t = map.array({ value: struct({ lock: spinLock, n: u32 }), max: 1 });",
    ),
  ),
  example(
    "ZT2029",
    "a record left open on one path",
    body(
      "const r = §events.reserve(struct({ n: u32 })); if (r === null) return Action.Drop;\n  if (frame.length > 60) return Action.Drop;\n  events.submit(r);",
      "const events = map.ringBuffer({ max: 4096 });",
    ),
    body(
      "const r = events.reserve(struct({ n: u32 })); if (r === null) return Action.Drop;\n  if (frame.length > 60) { events.discard(r); return Action.Drop; }\n  events.submit(r);",
      "const events = map.ringBuffer({ max: 4096 });",
    ),
  ),
  example(
    "ZT2029",
    "a record left open by leaving a loop",
    body(
      "for (let i = 0; i < 4; i++) { const r = §events.reserve(struct({ n: u32 })); if (r === null) continue;\n  if (frame.length > i) break;\n  events.submit(r); }",
      "const events = map.ringBuffer({ max: 4096 });",
    ),
    body(
      "for (let i = 0; i < 4; i++) { const r = events.reserve(struct({ n: u32 })); if (r === null) continue;\n  r.n = i;\n  events.submit(r); if (frame.length > i) break; }",
      "const events = map.ringBuffer({ max: 4096 });",
    ),
  ),
  example(
    "ZT2029",
    "a record open at a tail call",
    body(
      "const r = §events.reserve(struct({ n: u32 })); if (r === null) return Action.Drop;\n  next.call(0);\n  events.submit(r);",
      "const events = map.ringBuffer({ max: 4096 });\nconst next = map.programs({ max: 1 });",
    ),
    body(
      "const r = events.reserve(struct({ n: u32 })); if (r !== null) events.submit(r);\n  next.call(0);",
      "const events = map.ringBuffer({ max: 4096 });\nconst next = map.programs({ max: 1 });",
    ),
  ),
  example(
    "ZT2029",
    "a ring-buffer record that is kept",
    body(
      "const r = events.reserve(struct({ n: u32 })); if (r === null) return Action.Drop;\n  r.n = 1;".replace(
        "events.reserve",
        "§events.reserve",
      ),
      "const events = map.ringBuffer({ max: 4096 });",
    ),
    body(
      "const r = events.reserve(struct({ n: u32 })); if (r === null) return Action.Drop;\n  r.n = 1;\n  events.submit(r);",
      "const events = map.ringBuffer({ max: 4096 });",
    ),
  ),
  example(
    "ZT2030",
    "a filter that changes what the flow is found by",
    filtering('§ip.source = ipv4("10.0.0.1");'),
    filtering("ip.ttl = 5;"),
  ),
  example(
    "ZT2015",
    "bytes of the payload, which a checksum covers",
    viewing("packet.payload(0, 4)?.slice(2)", "§view.n = 5;"),
    viewing("packet.payload(0, 4)?.slice(2)", "ip.dscp = u32(view.n & 63);"),
  ),
  example(
    "ZT2015",
    "bytes of a TCP option",
    viewing("packet.tcp()?.option(2)", "§view.n = 5;"),
    viewing("packet.tcp()?.option(2)", "ip.dscp = u32(view.n & 63);"),
  ),
  example(
    "ZT2015",
    "bytes of IPv4 options, by a cursor that is chosen",
    viewing("(ip.ttl > 5 ? ip.options() : packet.payload(0, 2))", "§view.n = 5;"),
    viewing("(ip.ttl > 5 ? ip.options() : packet.payload(0, 2))", "ip.dscp = u32(view.n & 63);"),
  ),
  example(
    "ZT2032",
    "a verdict that goes nowhere",
    filtering('if (ip.ttl === 1) §drop("ttl");').replace("middlebox,", "drop, middlebox,"),
    filtering('if (ip.ttl === 1) return drop("ttl");').replace("middlebox,", "drop, middlebox,"),
  ),
  example(
    "ZT2033",
    "a decision that waits for ever",
    waiting("return §pending(flow.forward(), { note: 0, mss: 1400 });", ""),
    waiting(
      "return pending(flow.forward(), { note: 0, mss: 1400 });",
      "complete: (flow) => flow.complete({ sequence: 0 }),",
    ),
  ),
];
