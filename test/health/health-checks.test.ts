/** Health checks against servers that die and come back, in front of the balancer on every target. */
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type HealthChange, type HealthChecks, healthChecks } from "../../runtime/index.ts";
import { type Outcome, tcp } from "../kit/index.ts";
import { onEveryTarget } from "../kit/matchers.ts";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function listening<S extends Server>(server: S, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  open.push({ [Symbol.asyncDispose]: () => died(server) });
  return (server.address() as AddressInfo).port;
}
const died = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
const accepting = (): Server => createServer((socket) => socket.on("error", () => undefined).end());

/** Changes as they come. */
function changes() {
  const waiting: HealthChange[] = [];
  let wake: (() => void) | null = null;
  const onChange = (one: HealthChange): void => {
    waiting.push(one);
    wake?.();
  };
  const next = async (): Promise<HealthChange> => {
    while (waiting.length === 0)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    return waiting.shift() as HealthChange;
  };
  return { onChange, next, waiting };
}
const started = (checks: HealthChecks): HealthChecks => {
  open.push(checks);
  return checks;
};

onEveryTarget(
  new URL("../../examples/balancer/service.ts", import.meta.url),
  (target) => {
    const portsOf = async (clients: readonly number[]): Promise<(number | null)[]> =>
      (await target.run(...clients.map((port) => tcp(`10.0.0.7:${port}`, "10.1.0.1:80").payload("GET /")))).map(
        ({ packet, verdict }: Outcome) => (verdict === "redirect" ? packet.layer("tcp").destinationPort : null),
      );

    test("a server that dies lets go of its flows, and is chosen again when it is back", async () => {
      const [first, second] = [accepting(), accepting()];
      const [dead, alive] = [await listening(first), await listening(second)];
      const weighted = { value: { address: "127.0.0.1", port: dead }, weight: 3 };
      target.config.set("balancer.backends", [weighted, `127.0.0.1:${alive}`]);
      const clients = Array.from({ length: 24 }, (_, n) => 2000 + n);
      expect(new Set(await portsOf(clients))).toEqual(new Set([dead, alive]));

      const { onChange, next } = changes();
      const checks = started(
        healthChecks({ service: target, path: "balancer.backends", every: 10, timeout: 5000, onChange }),
      );
      await died(first);
      expect(await next()).toMatchObject({
        backend: `127.0.0.1:${dead}`,
        healthy: false,
        reason: expect.stringContaining("ECONNREFUSED"),
      });
      expect(new Set(await portsOf(clients))).toEqual(new Set([alive]));

      await listening(accepting(), dead);
      expect(await next()).toEqual({ backend: `127.0.0.1:${dead}`, healthy: true, reason: null });
      expect([...checks.healthy.values()]).toEqual([true, true]);
      // Flows stay where they are; new ones come, by the weight it had.
      expect(new Set(await portsOf(clients))).toEqual(new Set([alive]));
      const fresh = await portsOf(clients.map((port) => port + 1000));
      expect(fresh.filter((port) => port === dead).length).toBeGreaterThan(12);
    });

    test("an HTTP server is judged by its answers, and not by a single one", async () => {
      const statuses: number[] = [503];
      let usual = 200;
      let asked = 0;
      let enough: (() => void) | null = null;
      const server = createHttpServer((request, response) => {
        asked += 1;
        response.writeHead(request.url === "/health" ? (statuses.shift() ?? usual) : 404).end();
        if (asked >= 5) enough?.();
      });
      const port = await listening(server);
      target.config.set("balancer.backends", [`127.0.0.1:${port}`]);
      const { onChange, next, waiting } = changes();
      const five = new Promise<void>((resolve) => {
        enough = resolve;
      });
      const http = { path: "/health" };
      started(
        healthChecks({ service: target, path: "balancer.backends", http, every: 10, timeout: 5000, fall: 2, onChange }),
      );
      await five;
      expect(waiting).toEqual([]);
      usual = 500;
      expect(await next()).toEqual({ backend: `127.0.0.1:${port}`, healthy: false, reason: "status 500" });
      expect(await portsOf([5000])).toEqual([null]);
      expect(target.drops()).toEqual({ "balancer: no backend": 1n });
      usual = 204;
      expect(await next()).toMatchObject({ healthy: true });
      expect(await portsOf([5000])).toEqual([port]);
    });
  },
  { config: { "service.listen": ["10.1.0.1:80/tcp"], "balancer.backends": [] } },
);

test("a server that takes connections and says nothing is down", async () => {
  const sockets: AsyncDisposable[] = [];
  const port = await listening(
    createServer((socket) => sockets.push({ [Symbol.asyncDispose]: async () => void socket.destroy() })),
  );
  const { onChange, next } = changes();
  const lists: unknown[] = [];
  const config = { get: () => [`127.0.0.1:${port}`], set: (_: string, value: unknown) => void lists.push(value) };
  started(healthChecks({ service: { config }, path: "a.b", http: {}, every: 10, timeout: 50, fall: 1, onChange }));
  expect(await next()).toMatchObject({ healthy: false, reason: "no answer within 50 ms" });
  expect(lists).toEqual([[]]);
  open.push(...sockets);
});

test("a config that cannot be changed ends the checks, and says so", async () => {
  const server = accepting();
  const port = await listening(server);
  await died(server);
  const config = {
    get: () => [`127.0.0.1:${port}`],
    set: () => {
      throw new Error("the service is closed");
    },
  };
  const checks = healthChecks({ service: { config }, path: "a.b", every: 10, timeout: 5000, fall: 1 });
  await expect(checks.ended).rejects.toThrow("the service is closed");
  expect(() => healthChecks({ service: { config: { ...config, get: () => [7] } }, path: "a.b" })).toThrow(TypeError);
});
