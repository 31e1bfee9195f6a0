/** Config is checked as a whole; what is wrong is told by path, and nothing is taken. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { presentField } from "../../runtime/config/present.ts";
import { configJsonSchema, configSchema } from "../../runtime/config/schema.ts";
import { type Validator, validatorOf } from "../../runtime/config/validate.ts";
import { EVERY_FIELD, manifestOf } from "./services.ts";

const WHOLE = {
  box: {
    limit: 5,
    on: true,
    both: "10.0.0.9:9",
    ranges: {},
    known: [],
    ports: [],
    pairs: [],
    peers: [],
    backends: [],
    numbers: [],
  },
};

let manifest: Manifest;
let validator: Validator;
beforeAll(async () => {
  manifest = await manifestOf(EVERY_FIELD);
  validator = validatorOf(manifest);
});

const problems = (path: string, value: unknown): string[] => {
  const result = validator.field(path, value);
  return result.ok ? [] : result.problems.map(({ code, message }) => `${code} ${message}`);
};
const back = (path: string, value: unknown): unknown => {
  const result = validator.field(path, value);
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  return presentField(manifest, path, result.content.get(path));
};

describe("a value in any of its forms is taken, and shown as people write it", () => {
  test.each<[string, unknown, unknown]>([
    ["box.limit", 7n, 7],
    ["box.limit", "18446744073709551615", "18446744073709551615"],
    ["box.on", false, false],
    ["box.both", { address: "2001:db8::1", port: 80 }, "[2001:db8::1]:80"],
    ["box.ranges", { "10.0.0.0/8": { from: 1, to: 2 } }, { "10.0.0.0/8": { from: 1, to: 2 } }],
    ["box.ranges", { "::/0": { from: 1, to: 2 } }, { "::/0": { from: 1, to: 2 } }],
    ["box.ranges", { "0.0.0.0/0": { from: 1, to: 2 } }, { "0.0.0.0/0": { from: 1, to: 2 } }],
    ["box.ranges", { "::ffff:10.0.0.0/104": { from: 1, to: 2 } }, { "10.0.0.0/8": { from: 1, to: 2 } }],
    ["box.known", ["10.0.0.1", "2001:db8::/32"], { "10.0.0.1/32": 1, "2001:db8::/32": 1 }],
    ["box.ports", { 80: { weight: 3 } }, [{ key: 80, value: { weight: 3 } }]],
    ["box.ports", [{ key: 80, value: { weight: 3 } }], [{ key: 80, value: { weight: 3 } }]],
    ["box.pairs", [{ key: { port: 1, protocol: 6 }, value: 9 }], [{ key: { port: 1, protocol: 6 }, value: 9 }]],
    ["box.known", { "10.0.0.0/8": {}, "10.0.0.1": 1 }, { "10.0.0.0/8": 1, "10.0.0.1/32": 1 }],
    ["box.peers", [{ key: "10.0.0.2", value: {} }], [{ key: "10.0.0.2", value: 1 }]],
    ["box.peers", { "10.0.0.2": {} }, [{ key: "10.0.0.2", value: 1 }]],
    ["box.peers", [{ key: "10.0.0.1" }], [{ key: "10.0.0.1", value: 1 }]],
    ["box.backends", ["10.0.0.1:80"], ["10.0.0.1:80"]],
    ["box.backends", [{ address: "10.0.0.1", port: 80, weight: 2 }], [{ value: "10.0.0.1:80", weight: 2 }]],
    ["box.backends", [{ value: "10.0.0.1:80", weight: 0 }], [{ value: "10.0.0.1:80", weight: 0 }]],
    ["box.numbers", [5, { value: 6, weight: 3 }], [5, { value: 6, weight: 3 }]],
  ])("%s %o", (path, value, shown) => {
    const once = back(path, value);
    expect(once).toEqual(shown);
    expect(back(path, once)).toEqual(shown);
  });
});

describe("what is wrong is told by its path", () => {
  test.each<[string, unknown, RegExp]>([
    ["box.limit", -1, /^ZT6001 .*'box\.limit'/],
    ["box.limit", 2 ** 60, /^ZT6001 .*as text/],
    ["box.limit", "18446744073709551616", /^ZT6001 /],
    ["box.on", 1, /^ZT6001 .*true or false/],
    ["box.both", "10.0.0.1", /^ZT6001 .*with a port/],
    ["box.both", "10.0.0.1:65536", /^ZT6001 .*65536 is not a port/],
    ["box.both", "2001:db8::1:80", /^ZT6001 /],
    ["box.both", { address: "10.0.0.1" }, /^ZT6003 .*'box\.both\.port'/],
    ["box.ranges", { "10.0.0.0/33": { from: 1, to: 2 } }, /^ZT6001 .*box\.ranges\["10\.0\.0\.0\/33"\].*0 to 32/],
    ["box.ranges", { "10.0.0.1/8": { from: 1, to: 2 } }, /^ZT6001 .*bits set beyond \/8/],
    ["box.ranges", { "2001:db8::1/64": { from: 1, to: 2 } }, /^ZT6001 .*bits set beyond \/64/],
    ["box.ranges", { "10.0.0/8": { from: 1, to: 2 } }, /^ZT6001 .*not an IPv4 or IPv6 address/],
    ["box.ranges", { "10.0.0.0/8": { from: 1, to: 70_000 } }, /^ZT6001 .*\["10\.0\.0\.0\/8"\]\.to'.*greatest is 65535/],
    ["box.ranges", { "10.0.0.0/8": { from: 1 } }, /^ZT6003 .*\["10\.0\.0\.0\/8"\]\.to'/],
    ["box.ranges", { "10.0.0.0/8": { from: 1, to: 2, too: 3 } }, /^ZT6002 .*\.too'/],
    ["box.ranges", ["10.0.0.0/8"], /^ZT6001 .*object of values by prefix/],
    ["box.known", ["10.0.0.1", "::ffff:10.0.0.1"], /^ZT6005 .*'box\.known\[1\]'.*'0'/],
    ["box.known", ["1.0.0.1", "1.0.0.2", "1.0.0.3", "1.0.0.4", "1.0.0.5"], /^ZT6004 .*5 entries.*at most 4/],
    ["box.ports", { 70000: { weight: 3 } }, /^ZT6001 .*box\.ports\["70000"\].*greatest/],
    ["box.ports", [{ key: 80, value: { weight: -3 } }], /^ZT6001 .*box\.ports\[0\]\.value\.weight'/],
    ["box.pairs", [{ key: { port: 1 }, value: 1 }], /^ZT6003 .*box\.pairs\[0\]\.key\.protocol'/],
    ["box.backends", ["10.0.0.1:80", { address: "10.0.0.1", port: 80 }], /^ZT6005 .*'box\.backends\[1\]'/],
    ["box.backends", [{ address: "10.0.0.1", port: 80, wait: 2 }], /^ZT6002 .*box\.backends\[0\]\.wait'/],
    ["box.backends", [{ address: "ten", port: 80 }], /^ZT6001 .*box\.backends\[0\]\.address'/],
    ["box.backends", [{ address: "10.0.0.1", port: 80, weight: -1 }], /^ZT6001 .*box\.backends\[0\]\.weight'/],
    ["box.nothing", 1, /^ZT6002 .*'box\.nothing'/],
    ["box.both", null, /^ZT6001 .*'box\.both': an address with a port was expected/],
    ["box.both", { address: 5, port: 80 }, /^ZT6001 .*'box\.both\.address': text was expected/],
    ["box.ranges", { "10.0.0.0/8": null }, /^ZT6001 .*\["10\.0\.0\.0\/8"\]': an object was expected, of from, to/],
    ["box.pairs", ["x"], /^ZT6001 .*'box\.pairs\[0\]': an object was expected, of key, value/],
    ["box.backends", [null], /^ZT6001 .*'box\.backends\[0\]': an address with a port was expected/],
    ["box.numbers", ["x"], /^ZT6001 .*'box\.numbers\[0\]': a choice was expected/],
  ])("%s %o", (path, value, expected) => {
    const found = problems(path, value);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  test("all of it at once", () => {
    expect(problems("box.ranges", { "a/8": { from: 1, to: 2 }, "10.0.0.1/8": { from: 1, to: 2 } })).toHaveLength(2);
    const { on: _, ...rest } = WHOLE.box;
    const result = validator.whole({ box: { ...rest, limit: -1, extra: 1 }, other: {} });
    const found = result.ok ? [] : result.problems.map(({ code, message }) => `${code} ${message}`);
    expect(found.map((text) => text.slice(0, 6)).sort()).toEqual(["ZT6001", "ZT6002", "ZT6002", "ZT6003"]);
    expect(found.join("\n")).toMatch(/'box\.on' is missing/);
  });

  test.each([
    ["no config at all", 7, ["ZT6001: Config '(whole)': an object was expected, of box."]],
    ["a part that is none", { box: null }, ["ZT6001: Config 'box': an object was expected, of limit, on, "]],
    // JSON.parse makes an ordinary name of it, and an assignment would make it what the rest is looked up in.
    [
      "a part named as prototypes are",
      JSON.parse('{ "__proto__": { "box": 1 } }'),
      ["ZT6003: Config 'box'", "ZT6002: There is no config field '__proto__'"],
    ],
  ])("%s", (_, given, expected) => {
    const result = validator.whole(given);
    const found = result.ok ? [] : result.problems.map(({ code, message }) => `${code}: ${message}`);
    expect(found).toEqual(expected.map((start) => expect.stringContaining(start)));
  });
});

test("the whole schema takes a config with every field", () => {
  expect(configSchema(manifest).safeParse(WHOLE).success).toBe(true);
  expect(validator.paths).toHaveLength(10);
});

test("editors get a JSON schema of it", () => {
  const schema = configJsonSchema(manifest) as {
    properties: { box: { properties: Record<string, unknown>; required: string[] } };
  };
  expect(schema.properties.box.required).toEqual(Object.keys(WHOLE.box));
  expect(schema.properties.box.properties.ranges).toMatchObject({
    type: "object",
    additionalProperties: { type: "object", required: ["from", "to"] },
  });
});
