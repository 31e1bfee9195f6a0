/** Control flow: structured, so that it maps to labelled blocks and loops of JavaScript one to one. */
import type { Block, Operand, Statement } from "../../ir/ir.ts";
import type { FunctionWriter } from "./function-writer.ts";
import type { StatementOf } from "./lowering.ts";
import { writeCopy, writeStore, writeZero } from "./memory.ts";
import { labelName, tempName } from "./names.ts";
import { writeOperation } from "./operations.ts";
import { literal } from "./values.ts";

type Statements = { readonly [K in Statement["kind"]]: (statement: StatementOf<K>, to: FunctionWriter) => void };

/** BPF_MAX_LOOPS: bpf_loop refuses more, and runs nothing. */
const MOST_REPEATS = 1 << 23;
/** BPF_MAX_USER_RINGBUF_SAMPLES: one drain takes no more. */
const MOST_RECORDS = 131_072;

export function writeBlock(block: Block, to: FunctionWriter): void {
  for (const statement of block) {
    to.at = statement.at;
    (STATEMENTS[statement.kind] as (statement: Statement, to: FunctionWriter) => void)(statement, to);
  }
}

const body = (block: Block, to: FunctionWriter) => () => writeBlock(block, to);

function writeSwitch(statement: StatementOf<"switch">, to: FunctionWriter): void {
  const choose = (block: Block) => () => {
    writeBlock(block, to);
    to.line("break;");
  };
  to.nest(`switch (${to.value(statement.value)})`, () => {
    for (const { values, body: chosen } of statement.cases) {
      to.nest(values.map((value) => `case ${literal(statement.type, value)}:`).join(" "), choose(chosen));
    }
    to.nest("default:", choose(statement.otherwise));
  });
}

function writeReturn(value: Operand | null, to: FunctionWriter): void {
  const [text = "", at] = value === null ? [] : to.passed(value);
  if (at !== undefined) to.line(`returnedAt = ${at};`);
  to.line(text === "" ? "return;" : `return ${text};`);
}

const STATEMENTS: Statements = {
  let: (statement, to) => writeOperation(statement.op, to, statement.result),

  set: (statement, to) => {
    const names = to.variableNames(to.variable(statement.variable).type, statement.variable);
    const values = to.passed(statement.value);
    to.line(`${names.map((name, i) => `${name} = ${values[i]};`).join(" ")}`);
  },

  store: writeStore,
  copy: writeCopy,
  zero: writeZero,

  if: (statement, to) => {
    to.nest(`if (${to.value(statement.condition)})`, body(statement.then, to));
    if (statement.otherwise.length > 0) to.nest("else", body(statement.otherwise, to));
  },

  switch: writeSwitch,

  loop: (statement, to) => {
    const trip = to.fresh("trip");
    to.nest(`${labelName(statement.label)}: for (let ${trip} = 0; ; ${trip}++)`, () => {
      to.line(
        `if (${trip} > ${statement.trips}) fault("a loop ran more than its ${statement.trips} times", ${to.where});`,
      );
      writeBlock(statement.body, to);
    });
  },

  block: (statement, to) => to.nest(`${labelName(statement.label)}:`, body(statement.body, to)),
  break: (statement, to) => to.line(`break ${labelName(statement.label)};`),
  continue: (statement, to) => to.line(`continue ${labelName(statement.label)};`),

  repeat: (statement, to) => {
    const [trip, trips] = [to.fresh("trip"), to.fresh("trips")];
    to.line(`var ${trips} = ${to.number(statement.trips)};`);
    to.line(`if (${trips} > ${MOST_REPEATS}) ${trips} = 0;`);
    to.nest(`${labelName(statement.label)}: for (let ${trip} = 0; ${trip} < ${trips}; ${trip}++)`, () => {
      to.line(`var ${tempName(statement.index)} = ${trip};`);
      writeBlock(statement.body, to);
    });
  },

  drain: (statement, to) => {
    const count = to.fresh("drained");
    const next = `${to.map(statement.map).text}.drain(${to.slot(statement.slot).view}) >= 0`;
    to.line(`var ${count} = 0;`);
    to.nest(`${labelName(statement.label)}: while (${count} < ${MOST_RECORDS} && ${next})`, () => {
      to.line(`${count}++;`);
      writeBlock(statement.body, to);
    });
    if (statement.result !== null) to.define(statement.result, `BigInt(${count})`);
  },

  return: (statement, to) => writeReturn(statement.value, to),
};
