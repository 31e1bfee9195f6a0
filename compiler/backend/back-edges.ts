/**
 * Loops that are entered again without a jump. LLVM may place the end of a loop's body right before the loop's start, and
 * enter the loop by a jump to its middle; kernels before 6.8 refuse that ("back-edge from insn 35 to 36").
 */
const INSTRUCTION = 8;
const LOAD_64 = 0x18;
const [JUMP_CLASS, JUMP32_CLASS] = [5, 6];
const [ALWAYS, CALL, EXIT] = [0x00, 0x80, 0x90];

interface Edge {
  readonly to: number;
  readonly jumps: boolean;
}

/** Where control goes from the instruction at `index`. */
function edgesOf(code: DataView, index: number): readonly Edge[] {
  const at = index * INSTRUCTION;
  const opcode = code.getUint8(at);
  const next = index + (opcode === LOAD_64 ? 2 : 1);
  const kind = opcode & 7;
  const operation = opcode & 0xf0;
  if ((kind !== JUMP_CLASS && kind !== JUMP32_CLASS) || operation === CALL) return [{ to: next, jumps: false }];
  if (operation === EXIT) return [];
  const far = kind === JUMP32_CLASS && operation === ALWAYS;
  const to = index + 1 + (far ? code.getInt32(at + 4, true) : code.getInt16(at + 2, true));
  return operation === ALWAYS ? [{ to, jumps: true }] : [next, to].map((one) => ({ to: one, jumps: true }));
}

/** Whether a function's instructions fall through to the start of a loop that they are in. */
export function fallsBack(code: DataView): boolean {
  const onTheWay = new Set<number>([0]);
  const done = new Set<number>();
  const path = [{ index: 0, edges: code.byteLength === 0 ? [] : [...edgesOf(code, 0)] }];
  for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
    const edge = last.edges.pop();
    if (edge === undefined) {
      onTheWay.delete(last.index);
      done.add(last.index);
      path.pop();
    } else if (onTheWay.has(edge.to)) {
      if (!edge.jumps) return true;
    } else if (!done.has(edge.to) && edge.to * INSTRUCTION < code.byteLength) {
      onTheWay.add(edge.to);
      path.push({ index: edge.to, edges: [...edgesOf(code, edge.to)] });
    }
  }
  return false;
}
