/**
 * The demo's network: a client with two addresses, a gateway, three backends with a web server each. All traffic
 * crosses the gateway, both ways; every cable has native XDP at its far end, so that a program on the gateway may send.
 *
 *     client 10.1.0.2, 10.1.0.66 ── gateway ── one   10.2.1.2
 *                                          ├── two   10.2.2.2
 *                                          └── three 10.2.3.2
 */
import { type Lab, type LinkEnd, type Namespace, startWebServer, type WebServer } from "../../runtime/lab/index.ts";

export interface Backend {
  readonly name: string;
  readonly address: string;
  readonly mac: string;
  /** The gateway's interface that leads to it. */
  readonly link: LinkEnd;
  readonly server: WebServer;
}

export interface DemoNetwork {
  readonly lab: Lab;
  readonly client: Namespace;
  readonly gateway: Namespace;
  /** The gateway's interface towards the client, and the client's own. */
  readonly front: LinkEnd;
  readonly clientLink: LinkEnd;
  readonly backends: readonly Backend[];
  /** The address that the service answers for; no host has it. */
  readonly serviceAddress: string;
  /** A second address of the client, for the rules to refuse. */
  readonly strangerAddress: string;
}

const clientAddress = "10.1.0.2";
const strangerAddress = "10.1.0.66";

export async function buildNetwork(lab: Lab): Promise<DemoNetwork> {
  const client = await lab.namespace("client");
  const gateway = await lab.namespace("gateway", { forwarding: true });
  const cable = await lab.connect(
    { namespace: client, interface: "net", addresses: [`${clientAddress}/24`, `${strangerAddress}/24`], passXdp: true },
    { namespace: gateway, interface: "front", addresses: ["10.1.0.1/24"] },
    { staticNeighbours: true },
  );
  await client.route("default", { via: "10.1.0.1" });
  const backends: Backend[] = [];
  for (const [index, name] of ["one", "two", "three"].entries())
    backends.push(await addBackend(lab, gateway, name, index + 1));
  return {
    lab,
    client,
    gateway,
    clientLink: cable.ends[0],
    front: cable.ends[1],
    backends,
    serviceAddress: "10.9.0.1",
    strangerAddress,
  };
}

async function addBackend(lab: Lab, gateway: Namespace, name: string, number: number): Promise<Backend> {
  const host = await lab.namespace(name);
  const address = `10.2.${number}.2`;
  const cable = await lab.connect(
    { namespace: gateway, interface: `to-${name}`, addresses: [`10.2.${number}.1/24`] },
    { namespace: host, interface: "net", addresses: [`${address}/24`], passXdp: true },
    { staticNeighbours: true },
  );
  await host.route("default", { via: `10.2.${number}.1` });
  const server = await startWebServer(lab, host);
  return { name, address, mac: cable.ends[1].mac, link: cable.ends[0], server };
}
