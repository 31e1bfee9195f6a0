/** Turns keys and values into the bytes of a map and back, by the layouts of its description. */
import { CodecError, decode, encode } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import type { MapData } from "../../sdk/maps/data.ts";
import type { MapHandle } from "../loader/map-handle.ts";
import { valueBytes, valueStride } from "../loader/map-operations.ts";
import { failure, pinnedLayoutDiffers, valueDoesNotFit } from "../loader/problems.ts";

/** Both ways between values and bytes. */
export interface Codec<T> {
  readonly encode: (value: T) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => T;
}

/** A codec whose errors name what did not fit. */
export function layoutCodec<T>(layout: LayoutData, what: string): Codec<T> {
  return {
    encode(value) {
      try {
        return encode(layout, value);
      } catch (cause) {
        if (!(cause instanceof CodecError)) throw cause;
        throw failure(valueDoesNotFit(null, what, cause.message), cause);
      }
    },
    decode: (bytes) => decode(layout, bytes) as T,
  };
}

/** The values of all CPUs in one: an array, by CPU number. */
export function perCpuCodec<T>(map: MapHandle, one: Codec<T>): Codec<readonly T[]> {
  const stride = valueStride(map);
  return {
    encode(values) {
      if (values.length !== map.copies) {
        const reason = `${values.length} values given, one for each of ${map.copies} CPUs needed`;
        throw failure(valueDoesNotFit(null, `map '${map.name}'`, reason));
      }
      const bytes = new Uint8Array(valueBytes(map));
      values.forEach((value, cpu) => {
        bytes.set(one.encode(value), cpu * stride);
      });
      return bytes;
    },
    decode: (bytes) =>
      Array.from({ length: map.copies }, (_, cpu) =>
        one.decode(bytes.subarray(cpu * stride, cpu * stride + map.valueSize)),
      ),
  };
}

/** The layout of a part that this kind of map must have, with the very size that the kernel's map has. */
export function partLayout(map: MapHandle, data: MapData, part: "key" | "value"): LayoutData {
  const layout = data[part];
  const size = part === "key" ? map.keySize : map.valueSize;
  if (layout === null || layout.size !== size) {
    const described = layout === null ? `no ${part}` : `a ${part} of ${layout.size} bytes`;
    throw failure(pinnedLayoutDiffers(null, data.name, `number ${map.id}`, `a ${part} of ${size} bytes`, described));
  }
  return layout;
}
