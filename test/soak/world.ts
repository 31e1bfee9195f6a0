/** A standing lab with all of the networks and their servers: 3 forwarders, each packet by the next one, 2 chains of 3. */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { guard } from "../../runtime/lab/guard.ts";
import { type Namespace, startWebServer } from "../../runtime/lab/index.ts";
import { takeDown } from "../../runtime/lab/standing/down.ts";
import { namespaceNamed } from "../../runtime/lab/standing/parts.ts";
import { namespacesOf, placeOf, type StandingPlace } from "../../runtime/lab/standing/place.ts";
import type { LabRecord } from "../../runtime/lab/standing/record.ts";
import { bringUp } from "../../runtime/lab/standing/up.ts";
import { tearDown } from "../../runtime/lab/teardown.ts";
import { startDns } from "../lab/dns.ts";
import { type SshKeys, sshKeys, startSshServer } from "../lab/ssh.ts";
import {
  askedFor,
  FAMILIES,
  type FamilyName,
  NETWORKS,
  type Network,
  PORTS,
  readyServices,
  SERVER,
  TENANTS,
} from "./networks.ts";
import { startTeller } from "./tellers.ts";

const MAIN = fileURLToPath(new URL("../../runtime/cli/main.ts", import.meta.url));
/** Room of every member: more than a soak of ten minutes opens in the five that a flow is remembered for. */
const FLOWS = 60_000;

/** A client's way to the server of its network, over one family. */
export interface Way {
  readonly name: string;
  readonly network: Network;
  readonly family: FamilyName;
  readonly client: Namespace;
  readonly server: Namespace;
  /** Whom the client asks. */
  readonly host: string;
}

/** A file that all servers have, at /files/large. */
export interface LargeFile {
  readonly bytes: number;
  /** SHA-256, in hexadecimal. */
  readonly digest: string;
}

export interface World extends AsyncDisposable {
  readonly place: StandingPlace;
  readonly record: LabRecord;
  readonly ways: readonly Way[];
  readonly keys: SshKeys;
  readonly large: LargeFile;
  namespace(name: string): Namespace;
}

async function startServers(
  place: StandingPlace,
  keys: SshKeys,
  files: string,
  { server: name }: Network,
  server: Namespace,
): Promise<void> {
  for (const port of PORTS.web) await startWebServer(place, server, { port, body: `${name}:${port}`, files });
  await startTeller(server, PORTS.web);
  await startSshServer(server, keys, PORTS.ssh);
  await startDns(server, ...FAMILIES.map((family) => SERVER[family]));
}

/** `state` is a folder of the world's own. */
export async function buildWorld(state: string, bytes: number): Promise<World> {
  const place = placeOf(state);
  const services = await readyServices();
  const config = { forwarders: 3, chains: [3, 3], clients: 0, servers: 0, web: false, flows: FLOWS };
  const release = guard(() => tearDown(namespacesOf(place), place.folder));
  const dispose = async (): Promise<void> => {
    await takeDown(place);
    release();
  };
  const record = await bringUp(place, {
    config: { ...config, spread: "packets", tenants: TENANTS as never, services: [], times: {} },
    file: "test/soak",
    services,
    zeta: [process.execPath, MAIN],
  });
  try {
    const namespace = (name: string): Namespace => namespaceNamed(place, record, name);
    const keys = await sshKeys(place);
    const files = join(place.folder, "files");
    mkdirSync(files);
    const content = randomBytes(bytes);
    writeFileSync(join(files, "large"), content);
    await Promise.all(NETWORKS.map((network) => startServers(place, keys, files, network, namespace(network.server))));
    const ways = NETWORKS.flatMap((network) =>
      FAMILIES.map((family) => ({
        name: `${network.service} of tenant ${network.tenant}, ${family}`,
        network,
        family,
        client: namespace(network.client),
        server: namespace(network.server),
        host: askedFor(network.service, family),
      })),
    );
    const large = { bytes, digest: createHash("sha256").update(content).digest("hex") };
    return { place, record, ways, keys, large, namespace, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
