/**
 * The interpreted program did what the verifier would never have let it do: read past what a bounds check proved,
 * followed a null pointer, ran a loop beyond its proven bound. Always a bug of the compiler's, never of the author's.
 */
export class InterpreterFault extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "InterpreterFault";
  }
}

/** Called by generated code; `at` is the author's place, "acl.ts:12:7". */
export function fault(reason: string, at: string): never {
  throw new InterpreterFault(`${at}: ${reason}`);
}

/** Called by generated code when `bytes` bytes at `offset` of the packet do not lie inside it. */
export function outside(offset: number, bytes: number, length: number, at: string): never {
  fault(`${bytes} bytes at offset ${offset} are outside the packet of ${length} bytes, and no check stood before`, at);
}
