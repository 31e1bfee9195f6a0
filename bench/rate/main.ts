/**
 * `npm run bench:rate`: how many packets a second one CPU takes through a gateway between veth cables: examples as they run on a
 * node, against a program that does nothing but redirect, and against the kernel's own forwarding and translation. The CPU also
 * makes the packets and counts them: what that costs is in every figure, so that only the ratios to plain redirect are of use.
 */
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { spread } from "../measure/statistics.ts";
import { openNetwork } from "./network.ts";
import { type Way, ways } from "./ways.ts";

const USAGE = `npm run bench:rate -- [--json] [--rounds 5] [--frames 1000000] [--flows 1024] [--cpu 1]

Packets a second through a gateway on one CPU, established UDP flows hit in turn, 64-byte frames, one direction.
Needs root, clang-19, iproute2, ethtool and nftables.`;

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    frames: { type: "string", default: "1000000" },
    flows: { type: "string", default: "1024" },
    cpu: { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  },
});

interface Measured {
  readonly way: Way;
  readonly packetsPerSecond: { readonly best: number; readonly median: number };
}

async function measure(cpu: number, rounds: number, frames: number, flows: number): Promise<readonly Measured[]> {
  await using network = await openNetwork(cpu);
  const rates = new Map<Way, number[]>(ways.map((way) => [way, []]));
  for (let round = 0; round < rounds; round++) {
    // Each is first, second, … equally often.
    const order = ways.map((_, i) => ways[(i + round) % ways.length] as Way);
    for (const way of order) {
      await using _ = await way.open(network);
      const opening = await network.send(way.to, flows, flows * 4);
      if (opening.arrived < flows * 3) throw new Error(`${way.name}: ${opening.arrived} of ${opening.frames} arrived.`);
      const sent = await network.send(way.to, flows, frames);
      if (sent.arrived < frames * 0.999) throw new Error(`${way.name}: ${sent.arrived} of ${frames} arrived.`);
      rates.get(way)?.push(sent.arrived / sent.seconds);
    }
  }
  return ways.map((way) => {
    const { min, median } = spread((rates.get(way) ?? []).map((rate) => 1e9 / rate));
    return { way, packetsPerSecond: { best: Math.round(1e9 / min), median: Math.round(1e9 / median) } };
  });
}

if (values.help) console.log(USAGE);
else {
  execFileSync("taskset", ["-cp", values.cpu, `${process.pid}`], { stdio: "pipe" });
  const [rounds, frames, flows] = [values.rounds, values.frames, values.flows].map(Number) as [number, number, number];
  const all = await measure(Number(values.cpu), rounds, frames, flows);
  const [plain] = all as [Measured];
  const rows = all.map(({ way, packetsPerSecond }) => ({
    name: `rate, ${way.name}`,
    packetsPerSecond,
    ofPlainRedirect: Math.round((packetsPerSecond.best / plain.packetsPerSecond.best) * 100) / 100,
    flows,
    pattern: "established, hit in turn, one direction",
    frameBytes: 64,
  }));
  if (values.json) for (const row of rows) console.log(JSON.stringify(row));
  else
    console.table(
      Object.fromEntries(
        rows.map(({ name, packetsPerSecond: { best, median }, ofPlainRedirect }) => [
          name,
          { "packets/s, best": best, median, "of plain redirect": ofPlainRedirect },
        ]),
      ),
    );
}
