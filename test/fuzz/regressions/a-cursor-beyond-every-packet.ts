// An offset beyond every packet was told from the packet's first place, as a constant that the verifier refuses.
import { i32, program, tcpHeader } from "zeta/bpf";

export default program("beyond", (frame) => {
  const first = frame.cursor().take(i32);
  const there = frame.cursor(4294967295).take(tcpHeader);
  return there === null ? (first === null ? 0 : 1) : 2;
});
