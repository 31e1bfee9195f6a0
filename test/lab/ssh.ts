/** OpenSSH of the lab's own: its keys, its configuration, and nothing that the machine has for itself. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { run } from "../../runtime/lab/command.ts";
import type { Lab, Namespace } from "../../runtime/lab/index.ts";

/** The server's name in the list of known hosts: it has several addresses, and services stand before them. */
const NAME = "server.lab";
/** Milliseconds for an answer: many times what TCP waits before it sends again. */
const PATIENCE = 40_000;

export interface SshKeys {
  readonly folder: string;
}

/** A host's key and a user's, and who trusts whom. */
export async function sshKeys(lab: Pick<Lab, "folder">): Promise<SshKeys> {
  const folder = join(lab.folder, "ssh");
  mkdirSync(folder, { mode: 0o700 });
  for (const name of ["host", "user"])
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(folder, name)]);
  writeFileSync(join(folder, "known"), `${NAME} ${readFileSync(join(folder, "host.pub"), "utf8")}`);
  // Root may have no password here, or one that is locked: it is of no use either way.
  writeFileSync(join(folder, "shadow"), "root:*:20000:0:99999:7:::\nsshd:*:20000::::::\n");
  return { folder };
}

const serverConfig = (folder: string, ports: readonly number[]): string =>
  `${ports.map((port) => `Port ${port}\n`).join("")}HostKey ${folder}/host
PidFile none
AuthorizedKeysFile ${folder}/user.pub
AuthenticationMethods publickey
StrictModes no
UsePAM no
PermitUserRC no
PrintMotd no
PrintLastLog no
UseDNS no
ForceCommand exec /bin/sh
`;

/** The server wants a folder in /run, and looks up its users' passwords: it has both for itself. */
const OWN_FILES = 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && mount --bind "$0/shadow" /etc/shadow';

/** Whoever has the user's key gets a shell, as root, in `namespace`. */
export async function startSshServer(
  namespace: Namespace,
  { folder }: SshKeys,
  ports: readonly number[],
): Promise<void> {
  const config = join(folder, `${namespace.name}.conf`);
  writeFileSync(config, serverConfig(folder, ports));
  const start = `${OWN_FILES} && exec /usr/sbin/sshd -D -e -f "$1"`;
  const [port = 22] = ports;
  await namespace.start("unshare", ["--mount", "sh", "-c", start, folder, config], { ready: { listening: port } });
}

export interface SshSession extends AsyncDisposable {
  /** Gives the remote shell a command that says one line, and gives back what it said. */
  ask(command: string): Promise<string>;
  /** Ends the shell. @returns the client's exit code */
  close(): Promise<number | null>;
}

/** One connection, as long as it lasts. What ends it from outside makes `ask` fail with what the client said. */
export function openSession(from: Namespace, { folder }: SshKeys, host: string): SshSession {
  const settings = {
    IdentityFile: `${folder}/user`,
    UserKnownHostsFile: `${folder}/known`,
    GlobalKnownHostsFile: "none",
    HostKeyAlias: NAME,
    StrictHostKeyChecking: "yes",
    IdentitiesOnly: "yes",
    IdentityAgent: "none",
    BatchMode: "yes",
    ConnectTimeout: "60",
  };
  const words = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const child = spawn("nsenter", [`--net=${from.path}`, "--", "ssh", "-F", "none", "-T", ...words, `root@${host}`]);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  // A client that has gone is told of by its output's end.
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    async ask(command) {
      child.stdin.write(`${command}\n`);
      const patience = setTimeout(() => {
        said += `no answer to '${command}' for ${PATIENCE / 1000} s`;
        child.kill("SIGKILL");
      }, PATIENCE);
      const { value, done } = await lines.next();
      clearTimeout(patience);
      if (done === true) throw new Error(`The session with ${host} has ended: ${said}`);
      return value;
    },
    close() {
      child.stdin.end();
      return ended;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
