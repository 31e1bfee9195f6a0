/** The judges that are not ours, for all tests of a file: scapy builds and reads packets, Wireshark finds what is wrong with them. */
import { afterAll, beforeAll } from "vitest";
import { fromBytes, fromHex, type Packet } from "../kit/index.ts";
import { type Oracle, startOracle } from "./oracle.ts";
import { startWireshark, type Wireshark } from "./wireshark.ts";

export interface Judges {
  readonly scapy: Oracle;
  readonly wireshark: Wireshark;
  /** The packet of an expression in scapy's words: `Ether()/IP(dst="192.0.2.1")/UDP()`. */
  built(expression: string): Promise<Packet>;
}

/** To be called once in a file, outside of its tests; they may use what it gives. */
export function startJudges(): Judges {
  let running: { readonly scapy: Oracle; readonly wireshark: Wireshark } | null = null;
  beforeAll(async () => {
    const scapy = startOracle();
    try {
      running = { scapy, wireshark: await startWireshark() };
    } catch (error) {
      await scapy.close();
      throw error;
    }
  });
  afterAll(async () => {
    await running?.scapy.close();
    await running?.wireshark.close();
  });
  const both = () => {
    if (running === null) throw new Error("The judges are asked outside of a test.");
    return running;
  };
  return {
    get scapy() {
      return both().scapy;
    },
    get wireshark() {
      return both().wireshark;
    },
    built: async (expression) =>
      fromBytes(fromHex((await both().scapy.ask<{ hex: string }>({ build: expression })).hex)),
  };
}
