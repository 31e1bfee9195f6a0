// The verifier gives up on shifts by what it does not know: an offset made so was not bounded for it.
import { fragmentHeader, ipv4Header, program } from "zeta/bpf";

export default program("shifted", (frame) => {
  const header = frame.cursor().take(ipv4Header);
  if (header === null) return 0;
  const there = frame.cursor(header.start.version >>> header.ttl).peek(fragmentHeader);
  return there === null ? 0 : 2;
});
