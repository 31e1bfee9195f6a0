// LLVM knew that a shift by an unknown count makes nothing larger, and took away the mask that the verifier needs.
import { fragmentHeader, ipv4Header, program } from "zeta/bpf";

export default program("masked", (frame) => {
  const header = frame.cursor().take(ipv4Header);
  if (header === null) return 0;
  const there = frame.cursor((header.start.version >>> header.ttl) & 127).peek(fragmentHeader);
  return there === null ? 0 : 2;
});
