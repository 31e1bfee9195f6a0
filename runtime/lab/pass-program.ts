/** `return XDP_PASS` on one end of a cable: it needs no loader process, and stays exactly as long as the interface. */
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LinkEnd } from "./link.ts";
import { passObject } from "./xdp-object.ts";

/** Attaches it in native mode, or fails: generic XDP would hide what a lab is for. */
export async function attachPass({ namespace, interface: device }: LinkEnd): Promise<void> {
  const file = join(tmpdir(), `${namespace.fullName}-${device}.o`);
  writeFileSync(file, passObject());
  try {
    await namespace.ip(`link set dev ${device} xdpdrv object ${file} section xdp`);
  } finally {
    rmSync(file, { force: true });
  }
}
