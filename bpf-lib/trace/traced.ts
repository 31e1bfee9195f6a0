/**
 * Whether the programs tell what becomes of chosen packets. The node's programs are compiled twice: as they stand, and with
 * `true` in this place (runtime/node/bundle.ts), which takes the others' places while somebody traces. So what normally runs
 * has not an instruction of it.
 */
export const TRACED: boolean = false;
