/** Records from user space to programs, by a user ring buffer. */
import type { LayoutData } from "../../sdk/layout/data.ts";
import type { Layout } from "../../sdk/layout/layouts.ts";
import type { MapHandle } from "../loader/map-handle.ts";
import { writeRing } from "../loader/user-ring-buffer.ts";
import { layoutCodec } from "./codec.ts";

export interface Submitter<T> {
  readonly handle: MapHandle;
  /** False when there is no room until a program drains some. */
  submit(value: T): boolean;
  close(): void;
  [Symbol.dispose](): void;
}

export function submitter<T = unknown>(handle: MapHandle, layout: Layout<T> | LayoutData): Submitter<T> {
  const data: LayoutData = "layout" in layout ? layout.layout : layout;
  const codec = layoutCodec<T>(data, `a record of '${handle.name}'`);
  const ring = writeRing(handle);
  return {
    handle,
    submit: (value) => ring.submit(codec.encode(value)),
    close: ring.close,
    [Symbol.dispose]: ring.close,
  };
}
