import { expect, test } from "vitest";
import type { Statement } from "../../compiler/ir/ir.ts";
import { printModule } from "../../compiler/ir/print.ts";
import { printLayout, printMapShape } from "../../compiler/ir/print-layout.ts";
import { array, bits, header, ipv4, mac, spinLock, struct, u8, u16, u64 } from "../../sdk/layout/layouts.ts";
import { at, constant, counting, let_, module_, program, return_, temp } from "./sample.ts";

test("a module prints with its source lines", () => {
  expect(printModule(counting)).toBe(`module "sample"

map @hits: hash<u32, u64>[64]

constant @limit: u32 = 0x01020000

program @main section "xdp"() -> u32 {
  slot &0.key: u32
  // service.ts:2  const ethernet = packet.ethernet();
  %0.ethernet: packet = packetAt 0:u32 max 0
  %1: bool = packetFits %0.ethernet, 14
  // service.ts:3  if (ethernet === null) return XDP_PASS;
  if %1 {
  } else {
    return 2:u32
  }
  // service.ts:4  hits.add(ethernet.type, 1n);
  %2.type: u16 = load u16 2 big align 2 [%0.ethernet + 12]
  %3: pointer = slot &0.key
  store 2 little align 4 [%3], %2.type
  %4.hits: pointer = mapLookup @hits, %3
  %5: bool = isNull %4.hits
  if %5 {
  } else {
    atomic add u64 [%4.hits], 1:u64 unused
  }
  // service.ts:5  return XDP_DROP;
  return 1:u32
}
`);
});

test("regions, switches and callbacks print with their labels", () => {
  const index = temp(0, "u32", "i");
  const body: Statement[] = [
    {
      kind: "loop",
      label: 1,
      trips: 8,
      counter: 0,
      at: at(1),
      body: [
        {
          kind: "switch",
          type: "u32",
          value: constant(3),
          cases: [{ values: [1n, 2n], body: [{ kind: "break", label: 1, at: at(1) }] }],
          otherwise: [{ kind: "continue", label: 1, at: at(1) }],
          at: at(1),
        },
      ],
    },
    {
      kind: "repeat",
      label: 2,
      trips: constant(100),
      index,
      at: at(1),
      body: [{ kind: "set", variable: 7, value: index, at: at(1) }],
    },
    let_(null, { op: "log", format: "done\n", values: [constant(-1, "i32")] }),
    return_(),
  ];
  const variables = [{ id: 7, type: "u32" as const, name: "last" }];
  const text = printModule(module_([], { files: [], programs: [program(body, { variables })] }));
  expect(text).toBe(`module "sample"

program @main section "xdp"() -> u32 {
  var $7.last: u32
  // ?0:1
  loop #1 trips 8 {
    switch u32 3:u32 {
    case 1, 2:
      break #1
    default:
      continue #1
    }
  }
  repeat #2 %0.i: u32 below 100:u32 {
    set $7.last, %0.i
  }
  log "done\\n", -1:i32
  return 2:u32
}
`);
});

test("layouts and maps print what decides their bytes", () => {
  expect(printLayout(struct({ a: u8, b: u16, at: ipv4, lock: spinLock }).layout)).toBe(
    "struct12 { a@0: u8, b@2: u16, at@4: ipv4, lock@8: spinLock }",
  );
  expect(printLayout(header({ to: mac, ports: array(u16, 2), word: bits({ version: 4, length: 4 }) }).layout)).toBe(
    "struct11 { to@0: mac, ports@6: be u16[2], word@10: be bits8 { version:4, length:4 } }",
  );
  const inner = {
    name: "i",
    kind: "lpm",
    key: u64.layout,
    value: u8.layout,
    maxEntries: 9,
    flags: 1,
    extra: 0,
    inner: null,
  } as const;
  expect(printMapShape({ ...inner, kind: "hashOfMaps", flags: 0, inner })).toBe(
    "hashOfMaps<u64, u8>[9] of lpm<u64, u8>[9] flags 0x1",
  );
  expect(printMapShape({ ...inner, kind: "bloom", key: null, flags: 0, extra: 3 })).toBe("bloom<-, u8>[9] extra 3");
});
