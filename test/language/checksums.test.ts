/** The checksum functions against RFC 1071 worked out here, word by word. */
import { expect } from "vitest";
import { random, tcp } from "../kit/index.ts";
import { calculates, onTargets } from "./harness.ts";

/** RFC 1071, section 4.1. */
function rfc1071(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let i = 0; i + 1 < bytes.length; i += 2) sum += ((bytes[i] as number) << 8) | (bytes[i + 1] as number);
  if (bytes.length % 2 === 1) sum += (bytes.at(-1) as number) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

const seeded = random(1071);
const blocks = Array.from({ length: 40 }, () => Array.from({ length: 20 }, () => seeded.below(256)));
const words = (bytes: readonly number[]) =>
  Array.from({ length: 10 }, (_, i) => (bytes[2 * i] as number) * 256 + (bytes[2 * i + 1] as number));
const zeroes = new Array(20).fill(0);
const edge = [new Array(20).fill(255), [255, 255, ...new Array(18).fill(0)], [1, ...new Array(19).fill(0)]];

calculates(
  "sums, folding, and incremental updates agree with computing anew",
  {
    input: { words: "u16[10]", word: "u16", long: "u32" },
    output: { whole: "u16", helper: "u16", after16: "u16", after32: "u16" },
    module: "const twenty = header({ words: array(u16, 10) });",
    body: `
  let sum = 0;
  for (const word of input.words) sum += word;
  const whole = finish(sum);
  output.whole = whole;
  const view = frame.cursor(14).take(twenty);
  if (view === null) return Action.Drop;
  output.helper = u16(~checksumDifference(null, view, 0));
  output.after16 = replaced16(whole, input.words[3] ?? 0, input.word);
  output.after32 = replaced32(whole, u32(input.words[4] ?? 0) << 16 | (input.words[5] ?? 0), input.long);`,
  },
  [...edge, ...blocks].map((bytes, i) => {
    const long = [0, 0xffff_ffff, 0x0001_0002][i % 3] as number;
    const word = [0xffff, 0, 0x1234][i % 3] as number;
    const with16 = words(bytes);
    with16[3] = word;
    const with32 = words(bytes);
    with32[4] = long >>> 16;
    with32[5] = long & 0xffff;
    const of = (list: readonly number[]) => rfc1071(Uint8Array.from(list.flatMap((w) => [w >> 8, w & 255])));
    return {
      input: { words: words(bytes), word, long },
      output: { whole: of(words(bytes)), helper: of(words(bytes)), after16: of(with16), after32: of(with32) },
    };
  }),
);

calculates(
  "a sum over nothing but zeroes is found anew, but not by an update (RFC 1624, section 3): no header is all zero",
  {
    input: { words: "u16[10]" },
    output: { whole: "u16", updated: "u16" },
    module: "const twenty = header({ words: array(u16, 10) });",
    body: `
  const view = frame.cursor(14).take(twenty);
  if (view === null) return Action.Drop;
  output.whole = u16(~checksumDifference(null, view, 0));
  output.updated = replaced16(output.whole, 0, 0);`,
  },
  [{ input: { words: words(zeroes) }, output: { whole: 0xffff, updated: 0 } }],
);

onTargets(
  "an address rewritten with its checksums, as Wireshark would have it",
  `
export default program("rewrite", (frame) => {
  const cursor = frame.cursor(14);
  const ip = cursor.take(ipv4Header);
  const segment = cursor.take(tcpHeader);
  if (ip === null || segment === null) return Action.Drop;
  const to = ipv4("198.51.100.7");
  ip.checksum = replaced32(ip.checksum, u32(ip.destination), u32(to));
  segment.checksum = replaced32(segment.checksum, u32(ip.destination), u32(to));
  segment.checksum = replaced16(segment.checksum, segment.destinationPort, 8080);
  ip.destination = to;
  segment.destinationPort = 8080;
  return Action.Transmit;
});`,
  async (running) => {
    const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
    for (const outcome of await running.run(client.syn(), client.payload("GET /"), client.payload("odd"))) {
      expect(outcome).toHaveFields({ "ipv4.destination": "198.51.100.7", "tcp.destinationPort": 8080 });
      expect(outcome).toHaveValidChecksums();
    }
  },
);
