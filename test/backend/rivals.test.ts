import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { functionsOf, programSize } from "../../compiler/backend/elf.ts";
import { type LoadedObject, load, testRun } from "../../runtime/index.ts";
import { update } from "../../runtime/loader/map-operations.ts";
import { emitted } from "./emit.ts";
import { modules } from "./modules/index.ts";
import { packet, udpPacket } from "./modules/types.ts";

/** The same work in C, by clang 19 at -O2. */
function rival(name: string, cpu: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "zeta-rival-"));
  try {
    const object = join(folder, "rival.o");
    const source = fileURLToPath(new URL(`./fixtures/${name}.c`, import.meta.url));
    const include = `-I/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
    execFileSync("clang-19", ["-O2", "-g", "-target", "bpf", `-mcpu=${cpu}`, include, "-c", source, "-o", object]);
    return readFileSync(object);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Rivalry {
  /** Entries of maps, in hexadecimal. */
  readonly entries: readonly { readonly map: string; readonly key: string; readonly value: string }[];
  readonly packets: readonly Uint8Array[];
}

const IPV4 = [8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64];
const ipv4 = (protocol: number, source: readonly number[], port: number): Uint8Array =>
  packet(60, [
    ...Array(12).fill(2),
    ...IPV4,
    protocol,
    0x12,
    0x34,
    ...source,
    10,
    1,
    0,
    1,
    0x30,
    0x39,
    port >> 8,
    port & 255,
  ]);

const rivalries: Readonly<Record<"counter" | "acl" | "rewrite", Rivalry>> = {
  counter: {
    entries: [],
    packets: [udpPacket(53), udpPacket(53), udpPacket(9, 15), udpPacket(9, 4), packet(60), packet(33)],
  },
  acl: {
    entries: [
      { map: "rules", key: "080000000a000000", value: "50005a00" },
      { map: "rules", key: "180000000a020300", value: "00000000" },
    ],
    packets: [
      ipv4(6, [10, 9, 9, 9], 80),
      ipv4(6, [10, 9, 9, 9], 91),
      ipv4(6, [10, 2, 3, 4], 80),
      ipv4(6, [11, 2, 3, 4], 80),
      ipv4(17, [10, 9, 9, 9], 80),
      ipv4(6, [10, 9, 9, 9], 80).subarray(0, 53),
    ],
  },
  rewrite: {
    entries: [{ map: "targets", key: "0a010001", value: "c0a80105" }],
    packets: [ipv4(17, [10, 9, 9, 9], 53), ipv4(6, [10, 9, 9, 9], 53), ipv4(17, [1, 2, 3, 4], 53).subarray(0, 41)],
  },
};

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

function answers(object: LoadedObject, name: string, { entries, packets }: Rivalry): unknown[] {
  for (const { map, key, value } of entries) update(object.map(map), hex(key), hex(value));
  const program = object.program(name);
  return packets.map((one) => {
    const { action, packet: after } = testRun(program, { packet: one });
    return [action, Buffer.from(after).toString("hex")];
  });
}

const cases = (["counter", "acl", "rewrite"] as const).flatMap((name) =>
  (["v3", "v4"] as const).map((cpu) => [name, cpu] as const),
);

test.each(cases)("'%s' takes no more instructions than careful C, for the same answers (%s)", async (name, cpu) => {
  const ours = await emitted(modules[name]().module, { llvm: 19, cpu });
  const theirs = rival(name, cpu);
  using own = await load(ours.object);
  using other = await load(theirs);
  expect(answers(own, name, rivalries[name])).toEqual(answers(other, name, rivalries[name]));
  const { instructions } = programSize(functionsOf(theirs), name);
  expect(ours.programs[0]?.instructions).toBeLessThanOrEqual(instructions);
});
