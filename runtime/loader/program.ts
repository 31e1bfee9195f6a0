/** A program in the kernel. */
import type { ProgramInformation } from "./information.ts";
import type { VerifierLog } from "./verifier.ts";

export interface LoadedProgram {
  readonly fd: number;
  readonly id: number;
  readonly name: string;
  readonly section: string;
  readonly information: ProgramInformation;
  /** What the verifier wrote, when it was asked to. */
  readonly log: VerifierLog | null;
  /** Links of this program that end when its object is closed. */
  readonly attachments: Set<{ close(): void }>;
}
