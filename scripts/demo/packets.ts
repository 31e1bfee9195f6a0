/** Packets on the client's cable, both ways: counted by the cable itself, so whatever the gateway is. */
import type { LinkEnd } from "../../runtime/lab/index.ts";

export async function packetsOn(link: LinkEnd): Promise<number> {
  const { stdout } = await link.namespace.run("ip", ["-json", "-stats", "link", "show", link.interface]);
  const [shown] = JSON.parse(stdout) as [{ stats64: { rx: { packets: number }; tx: { packets: number } } }];
  return shown.stats64.rx.packets + shown.stats64.tx.packets;
}

export async function packetRate<T>(
  link: LinkEnd,
  traffic: () => Promise<T>,
): Promise<{ result: T; perSecond: number }> {
  const before = await packetsOn(link);
  const started = performance.now();
  const result = await traffic();
  const seconds = (performance.now() - started) / 1000;
  return { result, perSecond: Math.round(((await packetsOn(link)) - before) / seconds) };
}
