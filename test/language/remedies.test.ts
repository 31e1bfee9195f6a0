/** What TypeScript refuses of what a beginner writes is told with what to write instead, and with TypeScript's own reason. */
import { expect, test } from "vitest";
import { problemsOf, told, withoutMark } from "./harness.ts";
import { body } from "./refusals.ts";

const IMPORTS =
  'import { address, boundedTable, bool, counter, drop, ipv4, mac, middlebox, pass, pending, prefixes, rateLimiter, service, u16, u64 } from "zeta";';

/** A service of one middlebox with these members. */
const service = (members: string): string => `${IMPORTS}
const box = middlebox("box", {
  ${members}
});
export default service("example", { chain: [box] });`;

const STATE = 'state: { sources: rateLimiter({ key: address, max: 8, scope: "node" }), packets: counter() },';
const CONFIG = "config: { blocked: prefixes({ of: {}, max: 8 }) },";
const filter = (statements: string, declared = ""): string =>
  service(`${declared}
  filter(packet, { config, state }) {
    ${statements}
    return pass();
  },`);
const decide = (statement: string): string => service(`decide(flow) {\n    ${statement}\n  },`);
const passing = (declared: string): string => filter("", declared);

const OWN_TEXT = "Correct the types; `tsc --noEmit` says the same.";
const LIMIT = "state.sources.allow(packet.source, { §perSecond: 1_000, burst: 20n });";
const IP = "const ip = packet.ipv4();\n    if (ip === null) return pass();\n    ";

/** What is written, TypeScript's reason in part, the remedy in part, the text. */
const mistakes: readonly (readonly [string, string, string, string])[] = [
  [
    "a number for a u64 in an object",
    "'number' is not assignable to type 'u64'",
    "write `1_000n`",
    filter(LIMIT, STATE),
  ],
  ["a number for a u64 that is given", "type 'u64'", "write `1n`", filter("state.packets.add(§1);", STATE)],
  ["what is computed for a u64", "'u64'", "`u64(value)`", filter("state.packets.add(§packet.length + 14);", STATE)],
  ["a number for a u64 constant", "'u64'", "write `5n`", filter("const §n: u64 = 5;")],
  [
    "a u64 compared with a number",
    "no overlap",
    "write `4n`",
    filter("const n: u64 = 5n;\n    if (§n === 4) return pass();"),
  ],
  ["a u64 and a number added", "Operator '+'", "write `1n`", filter("const n: u64 = 5n;\n    const m = §n + 1;")],
  [
    "an address compared with a text",
    "no overlap",
    'Write `address("192.0.2.7")`.',
    filter('if (§packet.source === "192.0.2.7") return pass();'),
  ],
  [
    "an address compared with a number",
    "no overlap",
    'Write `address("10.0.0.1")`',
    filter("if (§packet.source === 10) return pass();"),
  ],
  ["a number for an address", "'number'", 'Write `address("10.0.0.1")`', filter("config.blocked.has(§5);", CONFIG)],
  [
    "an address compared with one of a family",
    "'address' and 'ipv4'",
    'both sides as `address("192.0.2.7")`',
    filter('if (§packet.source === ipv4("192.0.2.7")) return pass();'),
  ],
  [
    "a text for an address",
    "parameter of type 'address'",
    'Write `address("fd00::7")`.',
    filter('if (config.blocked.has(§"fd00::7")) return pass();', CONFIG),
  ],
  [
    "an address compared with a network",
    "no overlap",
    "asked of `prefixes`",
    filter('if (§packet.source === "10.0.0.0/8") return pass();'),
  ],
  [
    "a text for a field of one family",
    "type 'ipv4'",
    'Write `ipv4("192.0.2.7")`.',
    filter(`${IP}§ip.destination = "192.0.2.7";`),
  ],
  [
    "a mac compared with a number",
    "no overlap",
    'Write `mac("02:',
    filter("if (§packet.ethernet().source === 5) return pass();"),
  ],
  [
    "a text for a mac",
    "type 'mac'",
    'Write `mac("02:00:5e:00:00:09")`.',
    filter('§packet.ethernet().source = "02:00:5e:00:00:09";'),
  ],
  [
    "a port's value in the config",
    "'Field<any> | Layout<any>'",
    "`port: u16`: the value comes from the config file",
    passing("config: { §port: 80 },"),
  ],
  ["a switch's value in the config", "'Field<any> | Layout<any>'", "`on: bool`", passing("config: { §on: true },")],
  ["a value as state", "'State<any>'", "`packets: counter()`", passing("state: { §packets: 0 },")],
  [
    "a filter with a path without a verdict",
    "this: Type 'undefined' is not assignable to type 'Verdict'.",
    "Not every path of 'filter' returns a verdict: return `pass()`",
    service('§filter(packet) {\n    if (packet.length > 60) return drop("long");\n  },'),
  ],
  [
    "a filter without any verdict",
    "'void' is not assignable to type 'Verdict'",
    "Not every path of 'filter'",
    service("§filter(packet) {},"),
  ],
  [
    "a decision with a path without one",
    "this: Type 'undefined' is not assignable to type 'Decision'.",
    "Not every path of 'decide' returns a decision: return `flow.forward()`",
    service("§decide(flow) {\n    if (flow.vni > 4) return flow.forward();\n  },"),
  ],
  [
    "a program with a path without an action",
    "'(frame: Frame) => u32'",
    "Not every path returns an action: return `Action.Pass`",
    'import { Action, program } from "zeta/bpf";\nexport default program("example", §(frame) => {\n  if (frame.length > 60) return Action.Drop;\n});',
  ],
  [
    "a helper with a path without a value",
    "lacks ending return",
    "at the end of every path",
    body("f(1);", "const f = (n: u32): §u32 => {\n  if (n > 1) return 1;\n};"),
  ],
  [
    "pass() in decide",
    "'[decision]'",
    "Return `flow.forward()`",
    decide("return pass();").replace("decide(", "§decide("),
  ],
  [
    "a decision in a filter",
    "'[verdict]'",
    "said in 'decide'",
    service(
      'complete(flow) {\n    return drop("late");\n  },\n  §filter(packet) {\n    return pending(drop("x"), { note: 1, mss: 1460 });\n  },',
    ),
  ],
  [
    "another value as a verdict",
    "'boolean' is not assignable to type 'Verdict'",
    "Return `pass()` or",
    service("§filter(packet) {\n    return true;\n  },"),
  ],
  [
    "a text as an endpoint",
    "Type 'string' is not assignable",
    '`{ address: address("192.0.2.7"), port: 8080 }`',
    decide('return flow.rewrite({ §destination: "192.0.2.7:8080" });'),
  ],
  [
    "an address as an endpoint",
    "Type 'address'",
    '`{ address: address("192.0.2.7"), port: 80 }`',
    decide('return flow.rewrite({ §destination: address("192.0.2.7") });'),
  ],
  [
    "what nothing better is known of",
    "'string' is not assignable to type 'u16'",
    OWN_TEXT,
    filter('const §n: u16 = "text";'),
  ],
];

test.each(mistakes)("%s", async (_, reason, remedy, marked) => {
  const { text, place } = withoutMark(marked);
  const problems = await problemsOf(text);
  expect(problems.map(told)).toEqual([`ZT1002 ${place}`]);
  expect(problems[0]?.message).toContain("TypeScript refuses this: ");
  expect(problems[0]?.message).toContain(reason);
  expect(problems[0]?.fix).toContain(remedy);
});
