/** Backends as a config field has them: `"10.2.0.1:80"`, `{ address, port, weight }` or `{ value, weight }`. */
import type { Place } from "./probe.ts";

/** Where a backend is. @throws TypeError for what is no endpoint. */
export function placeOf(backend: unknown): Place {
  if (typeof backend === "string") {
    const [, six, four, port] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(backend) ?? [];
    const host = six ?? four;
    if (host !== undefined) return { host, port: Number(port) };
  } else if (typeof backend === "object" && backend !== null) {
    if ("value" in backend) return placeOf(backend.value);
    if ("address" in backend && "port" in backend) return { host: String(backend.address), port: Number(backend.port) };
  }
  throw new TypeError(`${JSON.stringify(backend)} is no backend: an address and a port were expected`);
}

/** As text: `"10.2.0.1:80"`, `"[2001:db8::1]:80"`. */
export const nameOf = ({ host, port }: Place): string => `${host.includes(":") ? `[${host}]` : host}:${port}`;
