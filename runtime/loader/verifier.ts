/** What the verifier writes about a program it accepts. */
import { fixedText } from "./structs.ts";

export interface VerifierLog {
  readonly text: string;
  /** Instructions walked, counting each path. */
  readonly instructions: number;
  readonly states: number;
  readonly peakStates: number;
  /** Bytes of stack, function by function, main first. */
  readonly stack: readonly number[];
  readonly microseconds: number;
}

const number = (pattern: RegExp, text: string): number => Number(pattern.exec(text)?.[1] ?? 0);

/** Null when nothing was written. */
export function logOf(buffer: Uint8Array | undefined): VerifierLog | null {
  const text = buffer === undefined ? "" : fixedText(buffer, 0, buffer.length);
  if (text === "") return null;
  return {
    text,
    instructions: number(/^processed (\d+) insns/m, text),
    states: number(/total_states (\d+)/, text),
    peakStates: number(/peak_states (\d+)/, text),
    stack: (/^stack depth ([\d+]+)/m.exec(text)?.[1] ?? "0").split("+").map(Number),
    microseconds: number(/^verification time (\d+) usec/m, text),
  };
}
