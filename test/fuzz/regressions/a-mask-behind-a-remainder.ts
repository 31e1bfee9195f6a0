// LLVM knew a bound of a remainder, and of a shift to the left, and took away the masks that the verifier needs.
import { ipv4Header, optionHeader, program } from "zeta/bpf";

export default program("remaining", (frame) => {
  const header = frame.cursor().take(ipv4Header);
  if (header === null) return 0;
  const one = frame.cursor((header.identification % 9) & 127).take(optionHeader);
  const two = frame.cursor(((header.ttl & 1) << (header.protocol & 3)) & 127).take(optionHeader);
  return one === null || two === null ? 1 : 2;
});
