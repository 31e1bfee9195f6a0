/** Keys as of IPv4, ways of 64 bytes; when it is full it refuses. */
import { array, constant, program, struct, u8, u32, u64 } from "zeta/bpf";
import { wayFields } from "../../../bpf-lib/flow/ways.ts";
import { answering } from "./operations.ts";

export const way = struct({ ...wayFields(2), spare: u8, value: u64, rest: array(u64, 4) });
const last = constant(u32, 255);

export default program("small", answering({ name: "flows", way, words: [0, 1], ways: 256, last, whenFull: "refuse" }));
