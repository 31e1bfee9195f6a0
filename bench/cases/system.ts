/** Programs of the system layer: bench/programs, one rival each. */
import { type Packet, tcp, udp, vlan } from "../../test/kit/index.ts";
import { entries } from "../measure/keyed.ts";
import type { Subject } from "../measure/subject.ts";
import { type BenchCase, each } from "./case.ts";

type Work = Pick<BenchCase, "source" | "rival" | "routed" | "verdict" | "fill">;

const parseCount: Work = {
  source: "bench/programs/parse-count.ts",
  rival: "parse-count",
  routed: false,
  verdict: "pass",
  fill: () => {},
};

/** 1000 rules for single sources, and two wider ones. */
function fillRules(subject: Subject): void {
  const rules = entries(subject.map("rules"));
  rules.setMany(
    each(1000, (i) => [`10.0.${i >> 8}.${i & 255}/32`, { from: 80, to: 90 }] as [`${string}/${number}`, unknown]),
  );
  rules.set("10.0.0.0/16", { from: 80, to: 443 });
  rules.set("192.168.0.0/24", { from: 0, to: 65_535 });
}

const filter: Work = {
  source: "bench/programs/filter.ts",
  rival: "filter",
  routed: false,
  verdict: "pass",
  fill: fillRules,
};

function fillTargets(subject: Subject): void {
  const targets = entries(subject.map("targets"));
  // Address and port are words in memory order: 192.168.0.1 and 8080.
  const target = { address: 0x0100_a8c0, port: 0x901f, mac: 0x02_00_00_00_00_07n };
  targets.set("10.1.0.1", target);
  targets.set("10.1.0.2", { ...target, port: 0 });
}

const rewrite: Work = {
  source: "bench/programs/rewrite.ts",
  rival: "rewrite",
  routed: false,
  verdict: "transmit",
  fill: fillTargets,
};

/** 64-byte frames of flows that differ in source and port. */
const segments = (flows: number) => (): readonly Packet[] =>
  each(flows, (flow) => tcp(`10.0.${flow >> 8}.${flow & 255}:${20_000 + flow}`, "10.1.0.1:80").payload("0123456789"));
const datagram = (bytes: number): Packet =>
  udp("10.0.0.7:5353", "10.1.0.1:53").payload("0123456789abcdefghijkl".slice(0, bytes));

export const systemCases: readonly BenchCase[] = [
  { name: "parse and count", ...parseCount, pattern: "TCP over IPv4", flows: 1, frames: segments(1) },
  {
    name: "parse and count, tagged",
    ...parseCount,
    pattern: "UDP over IPv4 in a VLAN",
    flows: 1,
    frames: () => [vlan(7, datagram(18))],
  },
  { name: "access list", ...filter, pattern: "1002 rules, one of them hit", flows: 1, frames: segments(1) },
  {
    name: "access list, many sources",
    ...filter,
    pattern: "1002 rules, 1000 of them hit in turn",
    flows: 1024,
    frames: segments(1024),
  },
  { name: "header rewrite, TCP", ...rewrite, pattern: "one target, hit", flows: 1, frames: segments(1) },
  { name: "header rewrite, UDP", ...rewrite, pattern: "one target, hit", flows: 1, frames: () => [datagram(22)] },
];
