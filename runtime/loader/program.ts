/** A program in the kernel. */
import type { ProgramInformation } from "./information.ts";
import type { VerifierLog } from "./verifier.ts";

/** A link that holds a program on a hook. */
export interface HeldLink {
  readonly fd: number;
  /** It stays when this process ends. */
  readonly pinned: boolean;
  close(): void;
  /** Puts another program in its place without a gap; where the hook is gone, nothing happens. */
  replaceBy(program: LoadedProgram): void;
}

export interface LoadedProgram {
  readonly fd: number;
  readonly id: number;
  readonly name: string;
  readonly section: string;
  readonly information: ProgramInformation;
  /** What the verifier wrote, when it was asked to. */
  readonly log: VerifierLog | null;
  /** Links of this program that end when its object is closed. */
  readonly attachments: Set<HeldLink>;
}
