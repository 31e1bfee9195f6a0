/** The yardstick does a balancer's work: what it sends is read by scapy, which checks it by building it anew. */
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GATEWAY, openYardstick, REALS, REALS_6, type Yardstick } from "../../bench/measure/yardstick.ts";
import { testRun } from "../../runtime/index.ts";
import { missingCapabilities } from "../../runtime/loader/capabilities.ts";
import { fragments, icmp, type Packet, tcp, udp } from "../kit/index.ts";
import { verdictOf } from "../kit/matchers/verdict.ts";

const lacking = missingCapabilities();
const reason = lacking.length === 0 ? "" : ` (skipped: needs ${lacking.join(", ")})`;

/** Prints, for each frame: MACs, outer source, outer destination, outer protocol, whether it is built so, the inner bytes. */
const READER = `
import sys
from scapy.all import Ether, IP, IPv6, raw
for line in sys.stdin:
    frame = Ether(bytes.fromhex(line.strip()))
    outer = frame.payload
    inner = raw(outer)[40 if isinstance(outer, IPv6) else 20:]
    again = outer.copy()
    for name in ("chksum", "len", "plen"):
        if name in again.fields: delattr(again, name)
    # What is inside stays as it is.
    again.remove_payload()
    built = raw(again / inner)
    protocol = outer.nh if isinstance(outer, IPv6) else outer.proto
    limit = outer.hlim if isinstance(outer, IPv6) else outer.ttl
    print(frame.src, frame.dst, outer.src, outer.dst, protocol, limit, built == raw(outer), inner.hex())
`;

interface Sent {
  readonly source: string;
  readonly destination: string;
  readonly outerSource: string;
  readonly real: string;
  readonly protocol: string;
  readonly limit: string;
  readonly exact: string;
  readonly inner: string;
}

const read = (frames: readonly Uint8Array[]): Sent[] =>
  execFileSync("/usr/bin/python3", ["-c", READER], {
    input: frames.map((frame) => Buffer.from(frame).toString("hex")).join("\n"),
    encoding: "utf8",
  })
    .trim()
    .split("\n")
    .map((line) => {
      const [source, destination, outerSource, real, protocol, limit, exact, inner] = line.split(" ") as string[];
      return { source, destination, outerSource, real, protocol, limit, exact, inner } as Sent;
    });

describe.skipIf(reason !== "")(`the yardstick${reason}`, () => {
  let yardstick: Yardstick | null = null;
  beforeAll(async () => {
    yardstick = await openYardstick(1024);
  });
  afterAll(() => yardstick?.[Symbol.dispose]());
  const run = ({ bytes }: Packet) => testRun((yardstick as Yardstick).loaded.program("yardstick"), { packet: bytes });
  const innerOf = ({ bytes }: Packet): string => Buffer.from(bytes.subarray(14)).toString("hex");

  test("wraps what is for its addresses, whole, for one of the servers, and a flow keeps its server", () => {
    const flows = Array.from({ length: 64 }, (_, i) => tcp(`10.0.${i}.7:${20_000 + i}`, "10.1.0.1:80"));
    const packets = [
      ...flows.map((flow) => flow.syn()),
      ...flows.map((flow) => flow.payload("GET /")),
      ...flows.map((flow) => flow.payload("more")),
    ];
    const outcomes = packets.map(run);
    expect(new Set(outcomes.map(({ action }) => verdictOf(action)))).toEqual(new Set(["transmit"]));
    const sent = read(outcomes.map(({ packet }) => packet));
    sent.forEach((one, index) => {
      expect(one).toMatchObject({ protocol: "4", limit: "64", exact: "True", destination: GATEWAY });
      expect(one.inner).toBe(innerOf(packets[index] as Packet));
      expect(one.outerSource.startsWith("172.16.")).toBe(true);
      expect(REALS).toContain(one.real);
      expect(one.real).toBe(sent[index % 64]?.real);
    });
    expect(new Set(sent.map(({ real }) => real)).size).toBe(REALS.length);
  });

  test("IPv6 in IPv6", () => {
    const packet = udp("[2001:db8::8]:5353", "[2001:db8:1::1]:80").payload("question");
    const [sent] = read([run(packet).packet]) as [Sent];
    expect(sent).toMatchObject({ protocol: "41", limit: "64", exact: "True", inner: innerOf(packet) });
    expect(REALS_6).toContain(sent.real);
  });

  test("passes what is for others, drops fragments and options", () => {
    const long = udp("10.0.0.8:5353", "10.1.0.1:80").payload("x".repeat(100));
    const options = tcp("10.0.0.7:1", "10.1.0.1:80").payload("x", {
      ipv4: { options: [{ kind: "routerAlert", value: 0 }] },
    });
    const verdict = (packet: Packet) => verdictOf(run(packet).action);
    expect(verdict(tcp("10.0.0.7:1", "10.1.0.1:81").syn())).toBe("pass");
    expect(verdict(tcp("10.0.0.7:1", "10.1.0.2:80").syn())).toBe("pass");
    expect(verdict(icmp("10.0.0.7", "10.1.0.1").echo())).toBe("pass");
    expect(fragments(long, { size: 48 }).map(verdict)).toEqual(["drop", "drop", "drop"]);
    expect(verdict(options)).toBe("drop");
  });
});
