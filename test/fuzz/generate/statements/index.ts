/** All kinds of statement, by how often they stand in a program. */
import type { Writer } from "../writer.ts";
import { finishEarly, forLoop, forOfArray, forOfList, ifElse, leaveLoop, switchCase, whileLoop } from "./control.ts";
import { declareFunction, generic, higherOrder, kernelLoop, variadic } from "./functions.ts";
import { atomics, useMap } from "./maps.ts";
import {
  adjust,
  copyBytes,
  declareCursor,
  declareLocal,
  parse,
  skipBytes,
  slice,
  takeHeader,
  takeScalar,
} from "./packet.ts";
import {
  assign,
  callStatement,
  compound,
  declare,
  declareLater,
  declareObject,
  declareRanged,
  destructure,
  observe,
  step,
  writeField,
} from "./scalars.ts";

type Statement = (to: Writer) => void;

const plain: readonly (readonly [number, Statement])[] = [
  [6, declare],
  [2, declareRanged],
  [1, declareLater],
  [5, assign],
  [4, compound],
  [3, step],
  [6, writeField],
  [5, observe],
  [3, callStatement],
  [1.5, declareObject],
  [1, destructure],
  [1, declareLocal],
];

const compound_: readonly (readonly [number, Statement])[] = [
  [5, ifElse],
  [2.5, switchCase],
  [3, forLoop],
  [2, whileLoop],
  [1.5, forOfList],
  [1.5, forOfArray],
  [2, leaveLoop],
  [1, finishEarly],
  [2.5, declareFunction],
  [1, higherOrder],
  [1, generic],
  [0.7, variadic],
  [1.5, kernelLoop],
];

const outside: readonly (readonly [number, Statement])[] = [
  [5, takeHeader],
  [2.5, takeScalar],
  [2, parse],
  [2, skipBytes],
  [1.2, slice],
  [1, (to) => void (to.rights.packet ? declareCursor(to) : declare(to))],
  [1.2, copyBytes],
  [1.2, adjust],
  [11, useMap],
  [2.5, atomics],
];

const ALL: readonly (readonly [number, Statement])[] = [...plain, ...compound_, ...outside];

/** Writes up to `count` statements, as long as the budget lasts: then only short ones. */
export function statements(to: Writer, count: number): void {
  for (let i = 0; i < count; i++) {
    to.budget--;
    to.draw.weighted(to.budget > 0 ? ALL : plain)(to);
  }
}
