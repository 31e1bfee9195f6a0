/**
 * The wrapper that restores the packet before every repeat (rivals/wrapper.c), one for each program measured. All of them
 * take their frames from one map, so that none finds its frames in a warmer cache than another.
 */
import { createMap, type LoadedObject, type LoadedProgram, load, type MapHandle } from "../../runtime/index.ts";
import { update } from "../../runtime/loader/map-operations.ts";
import { array, u32, u64 } from "../../sdk/layout/layouts.ts";
import type { MapData } from "../../sdk/maps/data.ts";
import { compileRival } from "./rival.ts";

/** Of the wrapper, and of that for long frames. */
const FRAME_BYTES = 128;
const LONG_FRAME_BYTES = 512;
const roomFor = (frame: Uint8Array): number => (frame.length > FRAME_BYTES ? LONG_FRAME_BYTES : FRAME_BYTES);

/** Frames one after the other, again and again. Their number is a power of two, their length one and the same. */
export interface Frames {
  readonly map: MapHandle;
  readonly first: Uint8Array;
  /** Of flows: a power of two, up to 2^32. */
  readonly count: number;
  /** Null where each flow has its own frame in the map; otherwise where the flow's number is put into the one frame. */
  readonly vary: { readonly address: number; readonly port: number } | null;
  /** Measured in another order than that in which they come first. */
  readonly scattered?: boolean;
}

/** Odd, and so a permutation of any power of two; far from the whole parts of one. */
const STRIDE = 0x9e37_79b1;

/** One frame, of which the wrapper makes as many flows as are wanted. */
export async function openVariedFrames(
  frame: Uint8Array,
  count: number,
  vary: NonNullable<Frames["vary"]>,
): Promise<Frames> {
  return { ...(await openFrames([frame])), count, vary };
}

export async function openFrames(frames: readonly Uint8Array[]): Promise<Frames> {
  const [first] = frames;
  const whole = (frame: Uint8Array) => frame.length === first?.length && frame.length % 8 === 0;
  if (first === undefined || (frames.length & (frames.length - 1)) !== 0 || !frames.every(whole))
    throw new RangeError("Give a power of two of frames of one length, a multiple of 8.");
  const room = roomFor(first);
  const data: MapData = {
    name: "frames",
    kind: "array",
    key: u32.layout,
    value: array(u64, room / 8).layout,
    maxEntries: frames.length,
    flags: 0,
    extra: 0,
    inner: null,
  };
  const map = await createMap(data);
  frames.forEach((frame, index) => {
    const value = new Uint8Array(room);
    value.set(frame);
    update(map, new Uint8Array(Uint32Array.of(index).buffer), value);
  });
  return { map, first, count: frames.length, vary: null };
}

export interface Wrapped extends Disposable {
  /** What is run to measure. */
  readonly wrapper: LoadedProgram;
  /** From now on flows come in another order. */
  readonly scatter: () => void;
}

/**
 * Wraps a program, or for `null` the one that returns at once, or the one that does so after growing the packet.
 * @param head by how many bytes the program makes the packet longer at its head; below 0: shorter
 */
export async function wrap(program: LoadedProgram | null | "grown", frames: Frames, head = 0): Promise<Wrapped> {
  const loaded: LoadedObject = await load(
    compileRival(roomFor(frames.first) > FRAME_BYTES ? "wrapper-long" : "wrapper"),
    {
      name: "wrapper",
      maps: { frames: frames.map },
      maxEntries: { frames: frames.vary === null ? frames.count : 1 },
      constants: {
        length: frames.first.length,
        last: frames.count - 1,
        vary_address: frames.vary?.address ?? 0,
        vary_port: frames.vary?.port ?? 0,
        head: head >>> 0,
      },
    },
  );
  const { fd } = program === null || program === "grown" ? loaded.program(program ?? "bare") : program;
  update(loaded.map("tested"), new Uint8Array(4), new Uint8Array(Uint32Array.of(fd).buffer));
  return {
    wrapper: loaded.program("wrapper"),
    scatter: () => loaded.globals.write("stride", STRIDE),
    [Symbol.dispose]: () => loaded.close(),
  };
}
