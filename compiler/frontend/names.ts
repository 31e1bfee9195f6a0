/** Names that become symbols of the object: of maps, programs, subprograms and global data. */

/** What the object itself, LLVM and libbpf call their own. */
const TAKEN = /^(?:_?license|bpf_.*|llvm.*|xdp)$/;

/** Global data may have any name TypeScript takes, but these. */
export const isTaken = (name: string): boolean => TAKEN.test(name);

/** A letter, then letters, digits and "_", at most 63, and nothing that is taken. */
export const isSymbolName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name) && !isTaken(name);
