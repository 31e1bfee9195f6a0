/** Of a number beside itself in 128 bits LLVM made a multiplication, which only a library can do. */
import { address, ethernetHeader, loop, program, variable } from "zeta/bpf";

const seen = variable(address, 0n);

export const twice = program("twice", (frame) => {
  const ethernet = frame.cursor().take(ethernetHeader);
  if (ethernet === null) return 0;
  let kept: address = 0n;
  loop(7, () => {
    kept = ~kept & kept;
  });
  const half = address(ethernet.source);
  seen.value = kept | half | (half << 64n);
  return half << 64n === seen.value ? 1 : 2;
});
