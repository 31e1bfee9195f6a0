/** Addresses are values: compared, masked, shifted, switched on; IPv6 in 128 bits. */
import { parseIpv6 } from "../../sdk/layout/address.ts";
import { calculates } from "./harness.ts";
import { edges, pairs, wrap } from "./oracle.ts";

for (const type of ["ipv4", "ipv6", "mac"] as const) {
  calculates(
    `masks and shifts of ${type}`,
    {
      input: { a: type, b: type, count: "u8" },
      output: { and: type, or: type, xor: type, not: type, left: type, right: type, up: type, down: type },
      body: `
  const { a, b, count } = input;
  output.and = a & b;
  output.or = a | b;
  output.xor = a ^ b;
  output.not = ~a;
  output.left = a << ${type === "ipv4" ? "count" : "u64(count)"};
  output.right = a >> ${type === "ipv4" ? "count" : "u64(count)"};
  output.up = a << ${type === "ipv4" ? "8" : "8n"};
  output.down = a >> ${type === "ipv4" ? "8" : "8n"};`,
    },
    pairs(edges(type)).flatMap(([a, b], i) => {
      const bits = type === "ipv4" ? 32 : 128;
      const count = [0, 1, 31, 47, 64, 127][i % 6] as number;
      const by = BigInt(type === "mac" ? count % 64 : count % bits);
      return [
        {
          input: { a, b, count },
          output: {
            and: a & b,
            or: a | b,
            xor: a ^ b,
            not: wrap(type, ~a),
            left: wrap(type, a << by),
            right: a >> by,
            up: wrap(type, a << 8n),
            down: a >> 8n,
          },
        },
      ];
    }),
  );
}

const A = parseIpv6("2001:db8::1") as bigint;
const B = parseIpv6("fe80::1") as bigint;
calculates(
  "IPv6 addresses are compared, masked and switched on as one value",
  {
    input: { a: "ipv6" },
    output: { kind: "u8", prefix: "ipv6", inside: "u8", low: "u64" },
    module: `
const documentation = ipv6("2001:db8::");
const mask = ipv6("ffff:ffff::");`,
    body: `
  const { a } = input;
  output.kind = 0;
  switch (a) {
    case ipv6("2001:db8::1"):
      output.kind = 1;
      break;
    case ipv6("fe80::1"):
      output.kind = 2;
      break;
  }
  output.prefix = a & mask;
  output.inside = (a & mask) === documentation ? 1 : 0;
  output.low = u64(a);`,
  },
  [
    { input: { a: A }, output: { kind: 1, prefix: parseIpv6("2001:db8::") as bigint, inside: 1, low: 1 } },
    { input: { a: B }, output: { kind: 2, prefix: parseIpv6("fe80::") as bigint, inside: 0, low: 1 } },
    { input: { a: A + 1n }, output: { kind: 0, prefix: parseIpv6("2001:db8::") as bigint, inside: 1, low: 2 } },
  ],
);

calculates(
  "an address of either family holds IPv4 as ::ffff:a.b.c.d",
  {
    input: { four: "ipv4", six: "ipv6" },
    output: { same: "u8", mapped: "ipv6", known: "u8" },
    body: `
  const four = address(input.four) | address("::ffff:0.0.0.0");
  const six = address(input.six);
  output.same = four === six ? 1 : 0;
  output.mapped = ipv6(four);
  output.known = four === address("10.0.0.1") ? 1 : 0;`,
  },
  [
    {
      input: { four: 0x0a000001, six: 0xffff0a000001n },
      output: { same: 1, mapped: 0xffff0a000001n, known: 1 },
    },
    { input: { four: 0x0a000002, six: A }, output: { same: 0, mapped: 0xffff0a000002n, known: 0 } },
  ],
);

calculates(
  "text becomes an address while compiling",
  {
    input: { a: "ipv4", m: "mac" },
    output: { local: "u8", broadcast: "u8", next: "ipv4" },
    body: `
  output.local = (input.a & ipv4("255.0.0.0")) === ipv4("127.0.0.0") ? 1 : 0;
  output.broadcast = input.m === mac("ff:ff:ff:ff:ff:ff") ? 1 : 0;
  output.next = ipv4(u32(input.a) + 1);`,
  },
  [
    { input: { a: 0x7f000001, m: 0xffffffffffffn }, output: { local: 1, broadcast: 1, next: 0x7f000002 } },
    { input: { a: 0x0a000001, m: 1n }, output: { local: 0, broadcast: 0, next: 0x0a000002 } },
  ],
);
