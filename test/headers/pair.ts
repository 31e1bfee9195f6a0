/** One program on both targets side by side: the same packets in, and everything that comes out must be equal. */
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { interpreter, kernel, type Outcome, type Packet, type Running, type TargetOptions } from "../kit/index.ts";
import "../kit/matchers.ts";

export interface Pair {
  /** Runs the packets on both; gives their outcomes, which are the same. */
  run(packets: readonly Packet[]): Promise<readonly Outcome[]>;
  /** Does the same on both, and gives what both give. */
  both<T>(use: (running: Running) => T): T;
  /** Waits for the same on one after the other. */
  tell(use: (running: Running) => Promise<void>): Promise<void>;
}

/** Of a refused packet no more than this many bytes go to the kernel: its test run takes none shorter. */
export const SHORTEST = 14;

const plain = ({ verdict, packet, reason }: Outcome) => ({ verdict, reason, bytes: Buffer.from(packet.bytes) });

/** Loads a program once for all tests of a file. They are skipped where this process may not load programs. */
export function pairOf(source: URL, options: TargetOptions = {}): Pair {
  let missing: string | null = null;
  let running: Running[] = [];
  beforeAll(async () => {
    missing = await kernel.missing();
    if (missing === null) running = [await interpreter.load(source, options), await kernel.load(source, options)];
  });
  beforeEach((context) => {
    if (missing !== null) context.skip(`the kernel target needs ${missing}`);
  });
  afterAll(async () => {
    for (const one of running) await one.close();
  });
  const both: Pair["both"] = (use) => {
    const [interpreted, inKernel] = running.map(use);
    expect(inKernel).toEqual(interpreted);
    return interpreted as ReturnType<typeof use>;
  };
  return {
    both,
    async tell(use) {
      for (const one of running) await use(one);
    },
    async run(packets) {
      const [interpreted, inKernel] = running as [Running, Running];
      const [own, kernels] = [await interpreted.run(...packets), await inKernel.run(...packets)];
      for (const [index, outcome] of own.entries()) {
        const other = kernels[index] as Outcome;
        if (other.verdict !== outcome.verdict) expect(other).toHaveVerdict(outcome.verdict);
        if (Buffer.compare(other.packet.bytes, outcome.packet.bytes) !== 0)
          expect(other.packet).toEqualPacket(outcome.packet);
        if (other.reason !== outcome.reason) expect(plain(other)).toEqual(plain(outcome));
      }
      return own;
    },
  };
}
