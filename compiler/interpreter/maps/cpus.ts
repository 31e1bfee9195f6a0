/** Per-CPU values as the system call passes them: one after the other, each rounded up to 8 bytes. */
import { roundUp } from "../../../sdk/layout/data.ts";

export const stride = (valueSize: number): number => roundUp(valueSize, 8);

export function joinCpus(values: readonly Uint8Array[], valueSize: number): Uint8Array {
  const joined = new Uint8Array(stride(valueSize) * values.length);
  for (const [cpu, value] of values.entries()) joined.set(value, cpu * stride(valueSize));
  return joined;
}

export function splitCpus(joined: DataView, valueSize: number, cpus: number): DataView[] {
  return Array.from(
    { length: cpus },
    (_, cpu) => new DataView(joined.buffer, joined.byteOffset + cpu * stride(valueSize), valueSize),
  );
}
