/** A table that replaces the oldest way. */
import { array, constant, program, struct, u8, u32, u64 } from "zeta/bpf";
import { wayFields } from "../../../bpf-lib/flow/ways.ts";
import { answering } from "./operations.ts";

const way = struct({ ...wayFields(2), spare: u8, value: u64, rest: array(u64, 4) });
const last = constant(u32, 255);

export default program("cache", answering({ name: "flows", way, words: [0, 1], ways: 256, last, whenFull: "oldest" }));
