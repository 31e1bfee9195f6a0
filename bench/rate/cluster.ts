/**
 * `npm run bench:cluster-rate`: a cluster between veth cables, in native XDP, on one CPU, which makes the packets and counts them too.
 * Established flows through a forwarder with a chain of three behind it, against a node by itself; and new flows, whose packets go by
 * the forwarder, one to three flow-table nodes, and the forwarder again, against nodes that do nothing but hand on.
 */
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { type Spread, spread } from "../measure/statistics.ts";
import { type Chain, openChain } from "./chain.ts";
import { type Network, openingTo, openNetwork, type Sent, VIRTUAL } from "./network.ts";

const USAGE = `npm run bench:cluster-rate -- [--json] [--rounds 9] [--frames 1000000] [--flows 1024] [--new 131072] [--cpu 1]

Established UDP flows a second through a forwarder with a chain of three, and through a node by itself; new TCP flows a second in chains of
one, two and three. 64-byte frames, native XDP on veth, everything on one CPU: a second is one of that CPU's, for this alone. Measured
in turn, --rounds times.
Needs root, clang-19, iproute2 and ethtool.`;

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "9" },
    frames: { type: "string", default: "1000000" },
    flows: { type: "string", default: "1024" },
    new: { type: "string", default: "131072" },
    cpu: { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  },
});

interface Size {
  readonly rounds: number;
  readonly frames: number;
  readonly flows: number;
  readonly opened: number;
}

const LENGTHS = [1, 2, 3] as const;
const REPLICATED = 3;

/** Nanoseconds of the CPU for each frame; all of them must have arrived, or nearly. */
function each(what: string, { frames, arrived, cpuSeconds }: Sent): number {
  if (arrived < frames * 0.999) throw new Error(`${what}: ${arrived} of ${frames} arrived.`);
  return (cpuSeconds * 1e9) / arrived;
}

const rates = ({ min, median }: Spread) => ({ best: Math.round(1e9 / min), median: Math.round(1e9 / median) });
const hundredth = (value: number): number => Math.round(value * 100) / 100;
const thousandth = (value: number): number => Math.round(value * 1000) / 1000;

async function established(network: Network, chain: Chain, { rounds, frames, flows }: Size) {
  chain.keptBy(REPLICATED);
  const times = { forwarder: [] as number[], single: [] as number[] };
  for (let round = 0; round < rounds * 2; round++) {
    // Each is first and second equally often.
    const name = round % 4 === 0 || round % 4 === 3 ? "forwarder" : "single";
    await using _ = await chain.stand(chain[name]);
    each(`${name}, opening`, await network.send(VIRTUAL, flows, flows * 4));
    times[name].push(each(name, await network.send(VIRTUAL, flows, frames)));
  }
  const [on, off] = [spread(times.forwarder), spread(times.single)];
  const common = { flows, pattern: "established, hit in turn, one direction", frameBytes: 64 };
  return [
    {
      name: `cluster rate, established, forwarder with a chain of ${REPLICATED}`,
      packetsPerSecond: rates(on),
      ofSingle: { best: thousandth(off.min / on.min), median: thousandth(off.median / on.median) },
      ...common,
    },
    { name: "cluster rate, established, node by itself", packetsPerSecond: rates(off), ofSingle: null, ...common },
  ];
}

async function opened(network: Network, chain: Chain, { rounds, opened: count }: Size) {
  const times = new Map(LENGTHS.map((length) => [length, { nodes: [] as number[], relays: [] as number[] }]));
  const send = async (what: string): Promise<number> =>
    each(what, await network.send(VIRTUAL, count, count, openingTo));
  for (let round = 0; round < rounds; round++)
    for (const length of LENGTHS.map((_, i) => LENGTHS[(i + round) % LENGTHS.length] as 1 | 2 | 3)) {
      const into = times.get(length);
      chain.keptBy(length);
      chain.empty();
      {
        await using _ = await chain.stand(chain.forwarder);
        into?.nodes.push(await send(`new flows, chain of ${length}`));
      }
      await using _ = await chain.relay(length);
      into?.relays.push(await send(`relays, chain of ${length}`));
    }
  return LENGTHS.map((length) => {
    const of = times.get(length) ?? { nodes: [], relays: [] };
    const [nodes, relays] = [spread(of.nodes), spread(of.relays)];
    const own = { min: nodes.min - relays.min, median: nodes.median - relays.median };
    return {
      name: `cluster rate, new flows, chain of ${length}`,
      // Of one CPU that does everything: makes frames, carries them over all cables, is all nodes, and counts.
      flowsPerSecond: rates(nodes),
      // The same without what frames cost that relays hand on over the same cables: the nodes' own work.
      ofNodesPerSecond: rates(own),
      nanoseconds: { nodes: hundredth(own.min), relays: hundredth(relays.min) },
      hops: length + 1,
      flows: count,
      pattern: "each flow once, into empty tables",
      frameBytes: 64,
    };
  });
}

if (values.help) console.log(USAGE);
else {
  execFileSync("taskset", ["-cp", values.cpu, `${process.pid}`], { stdio: "pipe" });
  const size: Size = {
    rounds: Number(values.rounds),
    frames: Number(values.frames),
    flows: Number(values.flows),
    opened: Number(values.new),
  };
  await using network = await openNetwork(Number(values.cpu));
  await using chain = await openChain(network);
  const rows = [...(await established(network, chain, size)), ...(await opened(network, chain, size))];
  if (values.json) for (const row of rows) console.log(JSON.stringify(row));
  else
    for (const row of rows)
      console.log(
        "packetsPerSecond" in row
          ? `${row.name}: ${row.packetsPerSecond.best} packets a second at best, ${row.packetsPerSecond.median} in the middle${row.ofSingle === null ? "" : `; ${row.ofSingle.best} and ${row.ofSingle.median} of a node by itself`}`
          : `${row.name}: ${row.flowsPerSecond.best} a second at best, ${row.flowsPerSecond.median} in the middle, in ${row.hops} hops, all on one CPU; ${row.ofNodesPerSecond.best} and ${row.ofNodesPerSecond.median} without frames and cables (${row.nanoseconds.nodes} ns of nodes, ${row.nanoseconds.relays} of relays)`,
      );
}
