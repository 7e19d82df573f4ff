import { lookup } from "node:dns/promises";
import { tmpdir } from "node:os";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sshFingerprint, type SshHostKey } from "../../contract/ssh-host-key.ts";
import { type SshTarget, sshTargetText } from "../../contract/ssh-target.ts";
import { endWithoutSecrets, withoutSecretForms } from "../../lib/secret-forms.ts";
import { systemWords } from "../../lib/host/system-words.ts";
import { TakeoverError } from "./errors.ts";
import { privateDirectory, secretsPlace } from "./private-directory.ts";
import { errorLimit, sshChild } from "./ssh-child.ts";
import { sshFailure } from "./ssh-failure.ts";
import type { HostRan, TakeoverHost } from "./ssh-host.ts";
import { hostKeyAlias, sshArguments } from "./ssh-options.ts";

/** How a host is reached, and what opens it. */
export interface SshLogin {
  target: SshTarget;
  /** The pinned key; "accept-new" = the key that it shows at this contact. */
  hostKey: SshHostKey | "accept-new";
  kind: "ssh-password" | "ssh-key";
  /** A password, or a private key in PEM. */
  secret: string;
  /** Whether the secret may be sent to this address. */
  mayReach: (address: { host: string; ip: string }) => boolean;
}

/** A host that is reached by SSH. The directory with the secret is there until it is disposed. */
export interface SshHost extends TakeoverHost, AsyncDisposable {
  /** The key `TYPE BASE64` that the host has proven; undefined before the first connection. */
  hostKey(): Promise<string | undefined>;
}

/** The SSH client's own failures; all other exit statuses are the command's. */
const clientFailed = 255;
/** Prints the password, wherever the SSH client asks for it. The variable names the file: its content is in no argument. */
const askpass = '#!/bin/sh\nexec cat "$FARRIER_SSH_SECRET"\n';

/**
 * Prepares connections to a host. Each command is a connection of its own.
 * @throws {TakeoverError} `address_refused`; `unreachable` if its name is unknown; `host_key` if its fingerprint is pinned and
 * none of its keys has it
 */
export async function sshConnect(login: SshLogin, signal: AbortSignal): Promise<SshHost> {
  const { target, hostKey, kind, secret } = login;
  const where = sshTargetText(target);
  const ip = await resolved(login);
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await privateDirectory(await secretsPlace()));
  const knownHosts = join(path, "known_hosts");
  const pinned = hostKey === "accept-new" ? undefined : await pinnedKey(hostKey, { target, ip, signal });
  await writeFile(knownHosts, pinned === undefined ? "" : `${hostKeyAlias} ${pinned}\n`);
  const secretFile = join(path, "secret");
  // A key without a line feed at its end is refused; a password has none.
  const text = kind === "ssh-key" ? `${secret.replaceAll("\r\n", "\n").trimEnd()}\n` : `${secret}\n`;
  await writeFile(secretFile, text, { mode: 0o600, flag: "wx" });
  let environment = {};
  if (kind === "ssh-password") {
    // Memory may be mounted so that no program is started from it.
    const programs = stack.use(await privateDirectory(tmpdir()));
    const helper = join(programs.path, "askpass");
    await writeFile(helper, askpass);
    await chmod(helper, 0o700);
    environment = { SSH_ASKPASS: helper, SSH_ASKPASS_REQUIRE: "force", FARRIER_SSH_SECRET: secretFile };
  }
  const options = {
    ...{ target, ip, knownHosts, acceptNew: hostKey === "accept-new" },
    ...(kind === "ssh-key" ? { identity: secretFile } : {}),
  };
  const secrets = secretParts(secret);
  const clean = (shown: string): string => withoutSecretForms(shown, secrets);
  const release = stack.move();
  return {
    clean,
    run: async (command, how): Promise<HostRan> => {
      const ran = await sshChild("ssh", sshArguments(options, command), { ...how, environment });
      const stderr = endWithoutSecrets(ran.stderr, clean, errorLimit);
      if (ran.status === clientFailed) {
        throw sshFailure(stderr, where);
      }
      return { ...ran, stderr };
    },
    hostKey: async () => {
      const [line] = (await readFile(knownHosts, "utf8")).split("\n");
      const [, type, blob] = (line ?? "").split(" ");
      return type === undefined || blob === undefined ? undefined : `${type} ${blob}`;
    },
    [Symbol.asyncDispose]: () => release.disposeAsync(),
  };
}

/** A secret, and the lines of a key: a message has them on one line. */
function secretParts(secret: string): readonly string[] {
  const lines = secret.split(/\r?\n/u).filter((line) => line.length >= 16 && !line.startsWith("-----"));
  return [secret, secret.trimEnd(), ...lines];
}

/** The address to connect to: the client is given it, so that its name can't lead elsewhere afterwards. */
async function resolved({ target, mayReach }: SshLogin): Promise<string> {
  const { host } = target;
  const found = await lookup(host, { all: true }).catch((error: unknown) => {
    throw new TakeoverError("unreachable", `${host} has no address ${systemWords(error)}`, { cause: error });
  });
  const allowed = found.find(({ address }) => mayReach({ host, ip: address }));
  if (allowed === undefined) {
    throw new TakeoverError(
      "address_refused",
      `the credential may not be sent to ${host} (${found.map(({ address }) => address).join(", ")}): ` +
        "`farrier credential list` shows where it may be sent, `farrier credential create --help` how to make another",
    );
  }
  return allowed.address;
}

/** The whole key. Of a fingerprint: the one of the host's keys that has it, which the host must prove when it is connected to. */
async function pinnedKey(
  hostKey: SshHostKey,
  { target, ip, signal }: { target: SshTarget; ip: string; signal: AbortSignal },
): Promise<string> {
  if (hostKey.by === "key") {
    return hostKey.key;
  }
  const { stdout, stderr } = await sshChild(
    "ssh-keyscan",
    ["-T", "15", "-p", String(target.port), "-t", "ed25519,ecdsa,rsa", ip],
    { limit: 60, signal },
  );
  const keys = stdout
    .toString("utf8")
    .split("\n")
    .flatMap((line) => {
      const [, type, blob] = line.split(" ");
      return line.startsWith("#") || type === undefined || blob === undefined ? [] : [`${type} ${blob}`];
    });
  const found = keys.find((key) => sshFingerprint(key) === hostKey.fingerprint);
  if (found !== undefined) {
    return found;
  }
  throw keys.length === 0
    ? sshFailure(stderr, sshTargetText(target))
    : new TakeoverError(
        "host_key",
        `none of the host keys of ${sshTargetText(target)} has the pinned fingerprint ${hostKey.fingerprint}, so nothing was sent to it. ` +
          `It shows ${keys.map((key) => `${key.split(" ")[0]} ${sshFingerprint(key)}`).join(", ")}`,
      );
}
