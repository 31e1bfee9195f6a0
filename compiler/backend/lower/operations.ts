/** One lowering per operation of the IR; a missing one is a type error. */
import type { Op } from "../../ir/ir.ts";
import type { Value } from "../builder.ts";
import * as arithmetic from "./arithmetic.ts";
import { call } from "./calls.ts";
import { type Frame, homeOf } from "./frame.ts";
import * as kernel from "./kernel.ts";
import * as maps from "./maps.ts";
import { load, readHome } from "./memory.ts";
import * as places from "./places.ts";

type Lowerings = { readonly [K in Op["op"]]: (frame: Frame, op: Extract<Op, { op: K }>) => Value | null };

const LOWERINGS: Lowerings = {
  binary: arithmetic.binary,
  compare: arithmetic.compare,
  not: arithmetic.not,
  convert: arithmetic.convert,
  select: arithmetic.select,
  swap: arithmetic.swapBytes,
  isNull: arithmetic.isNull,
  get: (frame, op) => readHome(frame, homeOf(frame, op.variable)),
  offset: places.offset,
  element: places.element,
  slot: places.slot,
  global: places.global,
  packetAt: places.packetAt,
  advance: places.advance,
  packetFits: places.packetFits,
  packetLength: places.packetLength,
  context: places.context,
  load,
  atomic: kernel.atomic,
  mapLookup: maps.mapLookup,
  mapInner: maps.mapLookup,
  mapUpdate: maps.mapUpdate,
  mapDelete: maps.mapDelete,
  mapPush: maps.mapPush,
  mapPop: maps.mapPop,
  mapPeek: maps.mapPeek,
  ringReserve: maps.ringReserve,
  ringSubmit: maps.ringSubmit,
  ringDiscard: maps.ringDiscard,
  ringOutput: maps.ringOutput,
  adjustHead: kernel.adjustHead,
  adjustTail: kernel.adjustTail,
  packetRead: kernel.packetRead,
  packetWrite: kernel.packetWrite,
  time: kernel.time,
  random: kernel.random,
  cpu: kernel.cpu,
  redirect: kernel.redirect,
  redirectMap: kernel.redirectMap,
  tailCall: kernel.tailCall,
  fibLookup: kernel.fibLookup,
  checksumDiff: kernel.checksumDiff,
  lock: kernel.lock,
  unlock: kernel.unlock,
  log: kernel.log,
  barrier: kernel.compilerBarrier,
  call,
};

export function lowerOp<K extends Op["op"]>(frame: Frame, op: Extract<Op, { op: K }>): Value | null {
  const lower = LOWERINGS[op.op as K] as (frame: Frame, op: Extract<Op, { op: K }>) => Value | null;
  return lower(frame, op);
}
