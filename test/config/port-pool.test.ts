/** Port pools in config: what is taken, how it is shown, and what is refused, by path. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { presentField } from "../../runtime/config/present.ts";
import { configJsonSchema } from "../../runtime/config/schema.ts";
import { type Validator, validatorOf } from "../../runtime/config/validate.ts";
import { manifestOf } from "./services.ts";

const SERVICE = `
import { middlebox, portPool, service } from "zeta";
const nat = middlebox("nat", {
  config: { external: portPool({ max: 20, mapping: "per-endpoint", forwards: 2 }) },
  decide: (flow, { config }) => flow.rewrite({ source: config.external }),
});
export default service("nat", { chain: [nat] });
`;

let manifest: Manifest;
let validator: Validator;
beforeAll(async () => {
  manifest = await manifestOf(SERVICE);
  validator = validatorOf(manifest);
});

test("the manifest says what it is", () => {
  expect(manifest.service?.config[0]).toMatchObject({
    path: "nat.external",
    kind: "portPool",
    max: 20,
    size: 2,
    maps: ["nat_external", "nat_external_ports", "nat_external_inward", "nat_external_outward"],
  });
});

const back = (value: unknown): unknown => {
  const result = validator.field("nat.external", value);
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  return presentField(manifest, "nat.external", result.content.get("nat.external"));
};

describe("what is taken, and shown as people write it", () => {
  test.each<[string, unknown, unknown]>([
    ["nothing", [], []],
    ["addresses", ["203.0.113.7", "2001:db8::7"], ["203.0.113.7", "2001:db8::7"]],
    ["IPv4 before IPv6", ["2001:db8::7", "203.0.113.7"], ["203.0.113.7", "2001:db8::7"]],
    ["a prefix", ["203.0.113.8/30"], ["203.0.113.8", "203.0.113.9", "203.0.113.10", "203.0.113.11"]],
    ["a prefix that fills it", ["203.0.113.0/28", "203.0.113.16/30"], expect.any(Array)],
    [
      "ranges of ports",
      [{ address: "203.0.113.7", ports: "1-1" }, { address: "203.0.113.8" }],
      [{ address: "203.0.113.7", ports: "1-1" }, "203.0.113.8"],
    ],
    ["no forwards", { addresses: ["203.0.113.7"] }, ["203.0.113.7"]],
    [
      "forwards",
      {
        addresses: ["203.0.113.7", "2001:db8::7"],
        forwards: { "203.0.113.7:80/tcp": "10.0.0.5:8080", "[2001:db8::7]:53/udp": "[fd00::5]:53" },
      },
      {
        addresses: ["203.0.113.7", "2001:db8::7"],
        forwards: { "203.0.113.7:80/tcp": "10.0.0.5:8080", "[2001:db8::7]:53/udp": "[fd00::5]:53" },
      },
    ],
  ])("%s", (_, value, shown) => {
    const once = back(value);
    expect(once).toEqual(shown);
    expect(back(once)).toEqual(once);
  });
});

describe("what is wrong is told by its path", () => {
  const forwarding = (forwards: unknown) => ({ addresses: ["203.0.113.7", "2001:db8::7"], forwards });
  test.each<[string, unknown, RegExp]>([
    ["no list", 7, /^ZT6001 .*'nat\.external': a list of external addresses/],
    ["text that is no address", ["203.0.113"], /^ZT6001 .*'nat\.external\[0\]': '203\.0\.113' is not an IPv4/],
    ["a number", [7], /^ZT6001 .*'nat\.external\[0\]'/],
    ["a prefix with stray bits", ["203.0.113.7/28"], /^ZT6001 .*\[0\]': .*bits set beyond \/28/],
    ["a group's address", ["224.0.0.1"], /^ZT6001 .*\[0\]': '224\.0\.0\.1' is not a unicast/],
    ["this host", ["127.0.0.1"], /^ZT6001 .*not a unicast/],
    ["this network", ["0.0.0.0/8"], /^ZT6001 .*not a unicast/],
    ["an IPv6 group", ["ff02::1"], /^ZT6001 .*not a unicast/],
    ["no address at all", ["::"], /^ZT6001 .*not a unicast/],
    ["one twice", ["203.0.113.7", "::ffff:203.0.113.7"], /^ZT6005 .*'nat\.external\[1\]' .*'0' says the same/],
    ["an address in a prefix", ["203.0.113.8/30", "203.0.113.9"], /^ZT6005 .*'nat\.external\[1\]'/],
    ["one address with two ranges", [{ address: "203.0.113.7", ports: "1-5" }, "203.0.113.7"], /^ZT6005 .*\[1\]'/],
    ["too many", ["203.0.113.0/27"], /^ZT6004 .*32 entries.*at most 20/],
    ["far too many", ["2001:db8::/32"], /^ZT6004 .*79228162514264337593543950336 entries.*at most 20/],
    [
      "no range",
      [{ address: "203.0.113.7", ports: "80" }],
      /^ZT6001 .*'nat\.external\[0\]\.ports': '80' is not a range/,
    ],
    ["a range backwards", [{ address: "203.0.113.7", ports: "9-8" }], /^ZT6001 .*\.ports': .*ends before it begins/],
    ["port 0", [{ address: "203.0.113.7", ports: "0-8" }], /^ZT6001 .*\.ports': ports are 1 to 65535/],
    ["port 65536", [{ address: "203.0.113.7", ports: "1-65536" }], /^ZT6001 .*\.ports': ports are/],
    ["an unknown field", [{ address: "203.0.113.7", port: 7 }], /^ZT6002 .*'nat\.external\[0\]\.port'/],
    ["an unknown part", { addresses: [], forward: {} }, /^ZT6002 .*'nat\.external\.forward'/],
    ["no addresses", { forwards: {} }, /^ZT6003 .*'nat\.external\.addresses'/],
    [
      "a forward at another address",
      forwarding({ "203.0.113.9:80/tcp": "10.0.0.5:80" }),
      /^ZT6008 .*'nat\.external\.forwards\["203\.0\.113\.9:80\/tcp"\]' names 203\.0\.113\.9, .*pool's addresses/,
    ],
    [
      "a forward without a protocol",
      forwarding({ "203.0.113.7:80": "10.0.0.5:80" }),
      /^ZT6001 .*does not end in a protocol/,
    ],
    ["a forward of ICMP", forwarding({ "203.0.113.7:80/icmp": "10.0.0.5:80" }), /^ZT6001 .*only \/tcp and \/udp/],
    ["a forward of all ports", forwarding({ "203.0.113.7/tcp": "10.0.0.5:80" }), /^ZT6001 .*one port at either end/],
    [
      "a forward of a port that the pool gives",
      forwarding({ "203.0.113.7:8080/tcp": "10.0.0.5:80" }),
      /^ZT6001 .*forwards\["203\.0\.113\.7:8080\/tcp"\]': port 8080 is one that the pool gives/,
    ],
    [
      "a forward from IPv6 to IPv4",
      forwarding({ "[2001:db8::7]:80/tcp": "10.0.0.5:80" }),
      /^ZT6001 .*leads to no IPv4 host/,
    ],
    [
      "a forward to no endpoint",
      forwarding({ "203.0.113.7:80/tcp": "10.0.0.5" }),
      /^ZT6001 .*forwards\["203.*address with a port/,
    ],
    [
      "one external port twice",
      forwarding({ "203.0.113.7:80/tcp": "10.0.0.5:80", "[::ffff:203.0.113.7]:80/tcp": "10.0.0.6:80" }),
      /^ZT6005 .*forwards\["\[::ffff.*'203\.0\.113\.7:80\/tcp' says the same/,
    ],
    [
      "too many forwards",
      forwarding({
        "203.0.113.7:1/tcp": "10.0.0.5:1",
        "203.0.113.7:2/tcp": "10.0.0.5:2",
        "203.0.113.7:3/tcp": "10.0.0.5:3",
      }),
      /^ZT6004 .*'nat\.external\.forwards' has 3 entries.*at most 2/,
    ],
  ])("%s", (_, value, expected) => {
    const result = validator.field("nat.external", value);
    const found = result.ok ? [] : result.problems.map(({ code, message }) => `${code} ${message}`);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });
});

test("editors get a JSON schema of it", () => {
  expect(JSON.stringify(configJsonSchema(manifest))).toContain("forwards");
});
