import { expect, test } from "vitest";
import { readWrk } from "../../runtime/lab/http-load.ts";
import { createLab, fetchMany, httpLoad, type Lab, startWebServer } from "../../runtime/lab/index.ts";

async function clientAndServer(lab: Lab) {
  const client = await lab.namespace("client");
  const host = await lab.namespace("server");
  await lab.connect(
    { namespace: client, interface: "net", addresses: ["10.203.0.1/24"] },
    { namespace: host, interface: "net", addresses: ["10.203.0.2/24"] },
  );
  return { client, host };
}

test("every fetch is a connection of its own, and the server's log agrees with the client", async () => {
  await using lab = createLab();
  const { client, host } = await clientAndServer(lab);
  const server = await startWebServer(lab, host);
  const result = await fetchMany(client, "http://10.203.0.2/", { count: 200 });
  expect(result).toMatchObject({ succeeded: 200, connections: 200, failures: new Map() });
  const requests = await server.logged(200);
  expect(requests).toHaveLength(200);
  expect(new Set(requests.map((one) => one.connection)).size).toBe(200);
  expect(new Set(requests.map((one) => one.path)).size).toBe(200);
  expect(requests.every((one) => one.client === "10.203.0.1" && one.status === 200)).toBe(true);
});

test("fetches that fail are counted with their reason", async () => {
  await using lab = createLab();
  const { client } = await clientAndServer(lab);
  const { succeeded, failures } = await fetchMany(client, "http://10.203.0.2/", { count: 3 });
  expect(succeeded).toBe(0);
  expect([...failures.values()].reduce((sum, count) => sum + count, 0)).toBe(3);
  expect([...failures.keys()].join()).toMatch(/connect/i);
});

test("wrk keeps connections, or opens one per request when told", async () => {
  await using lab = createLab();
  const { client, host } = await clientAndServer(lab);
  const server = await startWebServer(lab, host);
  const connections = (from: number) =>
    new Set(
      server
        .requests()
        .slice(from)
        .map((one) => one.connection),
    ).size;

  const kept = await httpLoad(client, "http://10.203.0.2/", { seconds: 1, connections: 4 });
  expect(kept).toMatchObject({ badStatuses: 0, errors: { connect: 0, read: 0, write: 0, timeout: 0 } });
  const first = (await server.logged(kept.requests)).length;
  expect(connections(0)).toBe(4);

  const fresh = await httpLoad(client, "http://10.203.0.2/", { seconds: 1, connections: 4, reconnect: true });
  await server.logged(first + fresh.requests);
  expect(connections(first)).toBeGreaterThanOrEqual(fresh.requests);
});

test("a server that cannot start says why, and is gone", async () => {
  await using lab = createLab();
  const { host } = await clientAndServer(lab);
  await startWebServer(lab, host, { port: 8080 });
  const second = host.start("nginx", ["-c", "/nonexistent/nginx.conf", "-e", "stderr"], { ready: { listening: 81 } });
  await expect(second).rejects.toMatchObject({ code: "ZT7004" });
});

test("wrk's report is read with its errors", () => {
  const report = `Running 1s test @ http://10.0.0.1/
  1 threads and 4 connections
  1234 requests in 1.00s, 1.00MB read
  Socket errors: connect 1, read 2, write 3, timeout 4
  Non-2xx or 3xx responses: 5
Requests/sec:   1233.50
Transfer/sec:      1.00MB
`;
  expect(readWrk(report)).toEqual({
    requests: 1234,
    requestsPerSecond: 1233.5,
    badStatuses: 5,
    errors: { connect: 1, read: 2, write: 3, timeout: 4 },
  });
  expect(() => readWrk("unable to connect")).toThrow(/ZT7008/);
});
