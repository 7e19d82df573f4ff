import type { MessageInitShape } from "@bufbuild/protobuf";
import type { MachineSshSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { CliError } from "../errors.ts";
import { switchFlag, textFlag } from "./flag.ts";

/** Flags that say how a running system is reached by SSH. */
export interface SshFlags {
  ssh: string | undefined;
  credential: string | undefined;
  sshHostKey: string | undefined;
  sshAcceptNew: boolean | undefined;
}

export const sshFlags = {
  ssh: textFlag("A running system on it, by which `start-agent` starts an agent", "USER@HOST[:PORT]"),
  credential: textFlag("Credential of --ssh, of kind ssh-password or ssh-key", "NAME"),
  sshHostKey: textFlag("Public key of --ssh's host, or its SHA256 fingerprint", "KEY"),
  sshAcceptNew: switchFlag("Accept the key that --ssh's host shows at the first contact, and only that one later"),
} as const;

/** What these flags say; undefined if none is given. @throws {CliError} `usage` */
export function sshOfFlags(flags: SshFlags): MessageInitShape<typeof MachineSshSchema> | undefined {
  const { ssh: target, credential, sshHostKey: hostKey, sshAcceptNew: acceptNew = false } = flags;
  if (target === undefined) {
    if (credential !== undefined || hostKey !== undefined || acceptNew) {
      throw new CliError(
        "usage",
        "--credential, --ssh-host-key and --ssh-accept-new say something of --ssh: give that too",
      );
    }
    return undefined;
  }
  if (credential === undefined) {
    throw new CliError("usage", "--ssh needs --credential: `farrier credential create --help` says how to make one");
  }
  if ((hostKey === undefined) !== acceptNew) {
    throw new CliError(
      "usage",
      "--ssh needs either --ssh-host-key (`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the host shows its fingerprint) or --ssh-accept-new",
    );
  }
  return { target, credential, hostKey: hostKey ?? "", acceptNew };
}
