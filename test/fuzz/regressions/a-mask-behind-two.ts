// LLVM knew a bound of "or", "xor" and products of two variables, and took away masks; kernels before 6.10 have none.
import { array, ipv4Header, map, optionHeader, program, struct, u8, u64 } from "zeta/bpf";

const pages = map.array({ value: struct({ ways: array(u64, 64), bytes: array(u8, 16) }), max: 4 });

export default program("of_two", (frame) => {
  const header = frame.cursor().take(ipv4Header);
  const page = pages.at(0);
  if (header === null || page === null) return 0;
  const { ttl, protocol, identification } = header;
  page.ways[((ttl & 60) + (protocol & 3)) & 63] = 7n;
  page.bytes[((ttl & 5) * (protocol & 3)) & 15] = 7;
  let place = (ttl & 24) ^ (protocol & 7);
  if (identification > 9) place = (ttl & 6) | (protocol & 1);
  const one = frame.cursor(place & 31).take(optionHeader);
  const two = frame.cursor((ttl & 0x70) | (protocol & 15)).take(optionHeader);
  return one === null || two === null ? 1 : 2;
});
