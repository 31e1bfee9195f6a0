/** Three namespaces in a row: where frames are made, the gateway, and where they are counted. Cables are veth pairs. */
import { fileURLToPath } from "node:url";
import { compile } from "../../compiler/index.ts";
import {
  attach,
  createLab,
  type Lab,
  type LoadedObject,
  type LoadedProgram,
  load,
  type Namespace,
  typedMap,
} from "../../runtime/index.ts";
import { inNamespace } from "../../runtime/loader/network-namespace.ts";
import { LIVE_FRAMES, testRun } from "../../runtime/loader/test-run.ts";
import { parseMac } from "../../sdk/layout/address.ts";
import { udp } from "../../test/kit/index.ts";
import { openVariedFrames, wrap } from "../measure/wrapper.ts";

export const CLIENT = "10.9.0.2";
export const GATEWAY_OUT = "10.9.1.1";
export const SERVER = "10.9.1.2";
/** An address of the gateway's that leads to the server, where destinations are translated. */
export const VIRTUAL = "10.9.2.1";
export const PORT = 9000;
const SOURCE_PORT_AT = 34;
/** In the payload: only ports make flows here, so that the kernel finds IP checksums right. */
const NOTHING_AT = 44;
const UDP_CHECKSUM_AT = 40;
const BATCH = 64;

export interface Sent {
  readonly frames: number;
  readonly arrived: number;
  readonly seconds: number;
}

export interface Network extends AsyncDisposable {
  readonly gateway: Namespace;
  /** Interfaces of the gateway: towards the source, and towards the sink. */
  readonly near: number;
  readonly far: number;
  /** Sends on to the sink whatever comes, and nothing else. */
  readonly relay: LoadedProgram;
  /** Sends 64-byte UDP frames of so many flows in turn to an address, as fast as one CPU makes and handles them. */
  send(destination: string, flows: number, frames: number): Promise<Sent>;
}

interface Device {
  readonly ifindex: number;
  readonly address: string;
}

async function device(namespace: Namespace, name: string): Promise<Device> {
  const { stdout } = await namespace.run("ip", ["-json", "link", "show", "dev", name]);
  return (JSON.parse(stdout) as [Device])[0];
}

async function openPrograms() {
  const built = await compile(fileURLToPath(new URL("../programs/rate.ts", import.meta.url)), { cpu: "v3" });
  if (!built.ok) throw new Error(built.problems.map(({ message }) => message).join("\n"));
  const source = { object: built.code.object, manifest: built.manifest };
  return (leave: { readonly interface: number; readonly destination: bigint; readonly source: bigint }) =>
    load(source, { constants: { leave } });
}

const frameTo = (destination: string, gatewayMac: string): Uint8Array => {
  const { bytes } = udp(`${CLIENT}:1024`, `${destination}:${PORT}`).payload("x".repeat(22), {
    destinationMac: gatewayMac,
  });
  // None, so that every port's frame is right (RFC 768).
  bytes.fill(0, UDP_CHECKSUM_AT, UDP_CHECKSUM_AT + 2);
  return bytes;
};

async function build(lab: Lab, open: AsyncDisposableStack): Promise<Omit<Network, typeof Symbol.asyncDispose>> {
  const source = await lab.namespace("source");
  const gateway = await lab.namespace("gateway", { forwarding: true });
  const server = await lab.namespace("server");
  await lab.connect(
    { namespace: source, interface: "out", addresses: [`${CLIENT}/24`] },
    { namespace: gateway, interface: "near", addresses: ["10.9.0.1/24"] },
    { staticNeighbours: true },
  );
  await lab.connect(
    { namespace: gateway, interface: "far", addresses: [`${GATEWAY_OUT}/24`] },
    { namespace: server, interface: "in", addresses: [`${SERVER}/24`] },
    { staticNeighbours: true },
  );
  // Where the gateway has no XDP program, veth takes redirected frames only with GRO on.
  for (const name of ["near", "far"]) await gateway.run("ethtool", ["-K", name, "gro", "on"]);
  const [out, near, far, end] = [
    await device(source, "out"),
    await device(gateway, "near"),
    await device(gateway, "far"),
    await device(server, "in"),
  ] as const;
  const loaded = await openPrograms();
  const use = async (at: Device, to: Device, from: Device): Promise<LoadedObject> => {
    const [destination, own] = [parseMac(to.address), parseMac(from.address)] as [bigint, bigint];
    return open.use(await loaded({ interface: at.ifindex, destination, source: own }));
  };
  const sending = await use(out, near, out);
  const relaying = await use(far, end, far);
  const counting = await use(end, end, end);
  open.use(await attach(counting.program("sink"), { interface: "in", namespace: server.path }));
  const data = counting.manifest?.maps.find(({ name }) => name === "arrived");
  if (data === undefined) throw new Error("bench/programs/rate.ts has no map 'arrived'.");
  const counts = typedMap(counting.map("arrived"), data) as unknown as {
    get(key: number): readonly { readonly frames: bigint }[];
  };
  const arrived = (): number => counts.get(0).reduce((sum, { frames }) => sum + Number(frames), 0);
  return {
    gateway,
    near: near.ifindex,
    far: far.ifindex,
    relay: relaying.program("relay"),
    async send(destination, flows, frames) {
      const vary = { address: NOTHING_AT, port: SOURCE_PORT_AT };
      const made = await openVariedFrames(frameTo(destination, near.address), flows, vary);
      try {
        using wrapped = await wrap(sending.program("send"), made);
        const before = arrived();
        const began = process.hrtime.bigint();
        inNamespace(source.path, () =>
          testRun(wrapped.wrapper, {
            packet: made.first,
            repeat: frames,
            flags: LIVE_FRAMES,
            batch: BATCH,
            context: { interface: out.ifindex },
          }),
        );
        const seconds = Number(process.hrtime.bigint() - began) / 1e9;
        return { frames, arrived: arrived() - before, seconds };
      } finally {
        made.map.close();
      }
    },
  };
}

/** Needs root. All of it goes when it is disposed, or when the process ends. */
export async function openNetwork(): Promise<Network> {
  const open = new AsyncDisposableStack();
  try {
    const lab = createLab();
    open.defer(() => lab.dispose());
    return { ...(await build(lab, open)), [Symbol.asyncDispose]: () => open.disposeAsync() };
  } catch (error) {
    await open.disposeAsync();
    throw error;
  }
}
