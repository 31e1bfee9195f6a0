// LLVM knew that few bits are left of a length when it is shifted, and took away the mask that the verifier needs.
import { header, program, u32, u64 } from "zeta/bpf";

export default program("shortened", (frame) => {
  const words = frame.cursor((frame.length >>> 31) & 63).take(header({ first: u64, second: u32 }));
  return words === null ? 1 : 2;
});
