/** A network for a live node: clients on one side, servers on the other, and the node in between. */
import { expect } from "vitest";
import { type RunningNode, startNode } from "../../runtime/index.ts";
import { type Built, buildLab, type LinkOptions, type Namespace } from "../../runtime/lab/index.ts";

export interface Gateway {
  readonly client: Namespace;
  readonly gateway: Namespace;
  readonly server: Namespace;
}

/** The server holds 10.2.0.1 and 10.2.0.2; clients ask for addresses of 10.1.0.0/16, which only the node knows. */
export const gatewayLab = (options: Pick<LinkOptions, "mtu"> = {}): Promise<Built<Gateway>> =>
  buildLab(async (lab) => {
    const gateway = await lab.namespace("gateway", { forwarding: true });
    const client = await lab.namespace("client");
    const server = await lab.namespace("server");
    await lab.connect(
      { namespace: gateway, interface: "front", addresses: ["10.0.0.1/24", "2001:db8::1/64"] },
      { namespace: client, interface: "wire", addresses: ["10.0.0.7/24", "2001:db8::7/64"], passXdp: true },
      { staticNeighbours: true, ...options },
    );
    await lab.connect(
      { namespace: gateway, interface: "back", addresses: ["10.2.0.254/24", "2001:db8:2::254/64"] },
      {
        namespace: server,
        interface: "wire",
        addresses: ["10.2.0.1/24", "10.2.0.2/24", "2001:db8:2::1/64"],
        passXdp: true,
      },
      { staticNeighbours: true, ...options },
    );
    await client.route("default", { via: "10.0.0.1" });
    await server.route("default", { via: "10.2.0.254" });
    await client.route("::/0", { via: "2001:db8::1" });
    await server.route("::/0", { via: "2001:db8:2::254" });
    return { client, gateway, server };
  });

/** A small node on both of the gateway's links, in native mode. */
export async function startOn({ gateway, lab }: Built<Gateway>): Promise<RunningNode> {
  const running = await startNode({
    interfaces: ["front", "back"],
    namespace: gateway.fullName,
    state: `${lab.folder}/state`,
    flows: 1000,
  });
  expect(running.attachments.map(({ mode }) => mode)).toEqual(["native", "native"]);
  return running;
}
