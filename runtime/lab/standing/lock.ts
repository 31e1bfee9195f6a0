/**
 * One command at a time changes a lab. The lock is an abstract UNIX socket (unix(7)): the kernel takes it back from a process
 * that ends, however it ends.
 */
import { createServer } from "node:net";
import { labError } from "../command.ts";
import { labBusy } from "../problems.ts";
import type { StandingPlace } from "./place.ts";

/** @throws ZetaError: ZT7013 while another command has it. */
export async function locked<T>(place: StandingPlace, work: () => Promise<T>): Promise<T> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(labError(labBusy(null, place.folder), "", error)));
    server.listen(`\0${place.run}`, resolve);
  });
  try {
    return await work();
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
