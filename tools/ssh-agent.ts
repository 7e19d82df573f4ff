import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** An SSH agent with one key. Disposing ends it. */
export interface SshAgent extends AsyncDisposable {
  /** For the variable SSH_AUTH_SOCK. */
  socket: string;
}

/** Starts one. @throws {Error} if OpenSSH's client is not installed */
export async function sshAgent(privateKey: string): Promise<SshAgent> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "farrier-ssh-agent-"));
  stack.defer(async () => await rm(directory, { recursive: true, force: true }));
  const socket = join(directory, "socket");
  const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: ["ignore", "pipe", "inherit"] });
  stack.defer(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
    }
  });
  // Its first words come when it listens.
  await once(child.stdout, "data");
  const file = join(directory, "key");
  await writeFile(file, privateKey, { mode: 0o600 });
  await promisify(execFile)("ssh-add", ["-q", file], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  const release = stack.move();
  return { socket, [Symbol.asyncDispose]: () => release.disposeAsync() };
}
