/** Small modules built by hand, for tests of what reads IR. */
import type {
  Block,
  Constant,
  IrProgram,
  Module,
  Op,
  Operand,
  Place,
  Scalar,
  Statement,
  Temp,
} from "../../compiler/ir/ir.ts";
import { u32, u64 } from "../../sdk/layout/layouts.ts";

export const at = (line: number): Place => ({ file: 0, line, column: 1 });

export const temp = (id: number, type: Temp["type"], name = ""): Temp => ({ kind: "temp", id, type, name });

export const constant = (value: number | bigint, type: Scalar = "u32"): Constant => ({
  kind: "constant",
  type,
  value: BigInt(value),
});

export const TRUE: Constant = constant(1, "bool");

export const let_ = (result: Temp | null, op: Op, line = 1): Statement => ({ kind: "let", result, op, at: at(line) });

export const return_ = (value: Operand | null = constant(2), line = 1): Statement => ({
  kind: "return",
  value,
  at: at(line),
});

export const if_ = (condition: Operand, then: Block, otherwise: Block = [], line = 1): Statement => ({
  kind: "if",
  condition,
  then,
  otherwise,
  at: at(line),
});

export const loadU8 = (place: Operand, offset = 0): Op => ({
  op: "load",
  type: "u8",
  bytes: 1,
  order: "little",
  place,
  offset,
  align: 1,
});

export const program = (body: Block, more: Partial<IrProgram> = {}): IrProgram => ({
  name: "main",
  section: "xdp",
  parameters: [],
  result: "u32",
  variables: [],
  slots: [],
  body,
  at: at(1),
  ...more,
});

export const module_ = (body: Block, more: Partial<Module> = {}): Module => ({
  name: "sample",
  files: [{ path: "service.ts", text: SOURCE }],
  maps: [],
  globals: [],
  functions: [],
  programs: [program(body)],
  ...more,
});

const SOURCE = `export const main = xdp((packet) => {
  const ethernet = packet.ethernet();
  if (ethernet === null) return XDP_PASS;
  hits.add(ethernet.type, 1n);
  return XDP_DROP;
});
`;

const [place, fits, type, key, found, missing] = [
  temp(0, "packet", "ethernet"),
  temp(1, "bool"),
  temp(2, "u16", "type"),
  temp(3, "pointer"),
  temp(4, "pointer", "hits"),
  temp(5, "bool"),
];

/** Counts packets by EtherType: a packet read, a stack slot, a map and an atomic. */
export const counting: Module = module_([], {
  maps: [
    {
      name: "hits",
      kind: "hash",
      key: u32.layout,
      value: u64.layout,
      maxEntries: 64,
      flags: 0,
      extra: 0,
      inner: null,
      at: at(1),
    },
  ],
  globals: [{ name: "limit", layout: u32.layout, constant: true, initial: Uint8Array.of(1, 2, 0, 0), at: at(1) }],
  programs: [
    program(
      [
        let_(place, { op: "packetAt", offset: constant(0), max: 0 }, 2),
        let_(fits, { op: "packetFits", place, bytes: 14 }, 2),
        if_(fits, [], [return_(constant(2), 3)], 3),
        let_(type, { op: "load", type: "u16", bytes: 2, order: "big", place, offset: 12, align: 2 }, 4),
        let_(key, { op: "slot", slot: 0 }, 4),
        { kind: "store", place: key, offset: 0, bytes: 2, order: "little", value: type, align: 4, at: at(4) },
        let_(found, { op: "mapLookup", map: { kind: "static", map: 0 }, key }, 4),
        let_(missing, { op: "isNull", a: found }, 4),
        if_(
          missing,
          [],
          [
            let_(
              null,
              {
                op: "atomic",
                operator: "add",
                type: "u64",
                place: found,
                offset: 0,
                value: constant(1, "u64"),
                expected: null,
                resultUsed: false,
              },
              4,
            ),
          ],
          4,
        ),
        return_(constant(1), 5),
      ],
      { slots: [{ id: 0, name: "key", layout: u32.layout }] },
    ),
  ],
});
