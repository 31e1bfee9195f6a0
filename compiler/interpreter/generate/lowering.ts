/** The shape of the tables that turn operations and statements into JavaScript. */
import type { Op, Statement, Temp } from "../../ir/ir.ts";
import type { FunctionWriter } from "./function-writer.ts";

export type OpName = Op["op"];
export type OpOf<K extends OpName> = Extract<Op, { readonly op: K }>;
/** Writes one operation; `result` is null when nobody uses what it gives. */
export type OpLowering<K extends OpName> = (op: OpOf<K>, to: FunctionWriter, result: Temp | null) => void;
/** One family of operations. */
export type OpLowerings<K extends OpName> = { readonly [N in K]: OpLowering<N> };

export type StatementOf<K extends Statement["kind"]> = Extract<Statement, { readonly kind: K }>;
