/**
 * Scapy as the independent oracle. It reads what we build (same fields), computes every length and checksum anew (same
 * bytes), and builds packets of its own, which we must read as it does.
 */
import { afterAll, beforeAll, expect, describe as group, test } from "vitest";
import { describe, dissect, fromBytes, fromHex, listFields, packets, toHex } from "../kit/index.ts";
import { type Oracle, startOracle } from "./oracle.ts";
import "../kit/matchers.ts";

let oracle: Oracle;
beforeAll(() => {
  oracle = startOracle();
});
afterAll(() => oracle.close());

type Fields = Readonly<Record<string, string>>;

/** Padding of options reads as one `end` or as several. */
const oneEnd = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).map(([path, text]) => [path, text.replace(/end(, end)+$/, "end")]));

/** Our fields in the oracle's spelling. */
function ours(bytes: Uint8Array): Fields {
  const text = (value: unknown) => (value instanceof Uint8Array ? toHex(value) : value === "" ? "none" : String(value));
  return Object.fromEntries(listFields(dissect(bytes)).map(({ path, value }) => [path, text(value)]));
}

/** Scapy's fields must all be ours with the same value, and both must see the same layers. */
function expectSame(bytes: Uint8Array, scapys: Fields): void {
  const own = oneEnd(ours(bytes));
  const theirs = oneEnd(scapys);
  const title = `${describe(fromBytes(bytes))}\n${toHex(bytes)}`;
  expect(Object.fromEntries(Object.keys(theirs).map((path) => [path, own[path]])), title).toEqual(theirs);
  const layers = (fields: Fields) => [
    ...new Set(Object.keys(fields).map((path) => path.slice(0, path.lastIndexOf(".")))),
  ];
  expect(layers(own), title).toEqual(layers(theirs));
}

group("packets we build", () => {
  test("are read by scapy as by us, and scapy computes the same lengths and checksums", async () => {
    for (const packet of packets(2024, 600, { broken: 0 })) {
      const { fields, rebuilt } = await oracle.ask<{ fields: Fields; rebuilt: string }>({ read: toHex(packet.bytes) });
      expectSame(packet.bytes, fields);
      expect(fromBytes(fromHex(rebuilt))).toEqualPacket(packet);
    }
  });

  test("with wrong checksums are told apart by scapy", async () => {
    const [packet] = packets(3, 200, { broken: 0 }).filter((one) => dissect(one.bytes).layers[2]?.kind === "tcp");
    const wrong = packet?.with({ checksum: "wrong" });
    const { rebuilt } = await oracle.ask<{ rebuilt: string }>({ read: toHex(wrong?.bytes ?? new Uint8Array(0)) });
    expect(rebuilt).not.toBe(toHex(wrong?.bytes ?? new Uint8Array(0)));
    expect(rebuilt).toBe(toHex(packet?.bytes ?? new Uint8Array(0)));
  });
});

test("packets that scapy builds are read by us as by scapy, with valid checksums", async () => {
  const { packets: made } = await oracle.ask<{ packets: { hex: string; fields: Fields }[] }>({ make: 600, seed: 7 });
  for (const { hex, fields } of made) {
    const bytes = fromHex(hex);
    expectSame(bytes, fields);
    expect(
      dissect(bytes).checksums.filter((checksum) => checksum.verdict === "wrong"),
      describe(fromBytes(bytes)),
    ).toEqual([]);
    expect(dissect(bytes).stopped).toBeNull();
    expect(fromBytes(bytes).with({})).toEqualPacket(bytes);
  }
});
