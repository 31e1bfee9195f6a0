/** A network for programs that ask the kernel for routes: one interface, behind it everything, with known neighbours. */
import { createLab } from "../../runtime/index.ts";
import type { Ingress } from "./subject.ts";

export interface Road extends AsyncDisposable {
  readonly ingress: Ingress;
}

const NEAR = ["10.99.0.1/24", "2001:db8:99::1/64"];
const FAR = ["10.99.0.2/24", "2001:db8:99::2/64"];

/** Needs root. Its namespaces go when it is disposed, or when the process ends. */
export async function openRoad(): Promise<Road> {
  const lab = createLab();
  try {
    const gateway = await lab.namespace("gateway", { forwarding: true });
    const world = await lab.namespace("world");
    await lab.connect(
      { namespace: gateway, interface: "road", addresses: NEAR },
      { namespace: world, interface: "road", addresses: FAR },
      { staticNeighbours: true },
    );
    await gateway.route("default", { via: "10.99.0.2" });
    await gateway.ip("route replace default via inet6 2001:db8:99::2");
    const { stdout } = await gateway.run("ip", ["-json", "link", "show", "dev", "road"]);
    const [link] = JSON.parse(stdout) as [{ readonly ifindex: number }];
    return {
      ingress: { namespace: gateway.fullName, interface: link.ifindex },
      [Symbol.asyncDispose]: () => lab.dispose(),
    };
  } catch (error) {
    await lab.dispose();
    throw error;
  }
}
