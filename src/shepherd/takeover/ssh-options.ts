import type { SshTarget } from "../../contract/ssh-target.ts";

/** The name under which the host's key is in the file of known hosts. */
export const hostKeyAlias = "farrier";

/** What one connection needs. */
export interface SshOptions {
  target: SshTarget;
  /** The resolved address, to which the credential may be sent. */
  ip: string;
  /** A file of known hosts with the pinned key; empty with `acceptNew`. */
  knownHosts: string;
  /** Accept the host's key if the file is empty. */
  acceptNew: boolean;
  /** The file of the private key; absent means that the password is used. */
  identity?: string;
}

/**
 * The SSH client's arguments. Nothing of the user who runs the shepherd is used: no configuration, agent, keys or known
 * hosts. The host stands after `--`. Pure.
 */
export function sshArguments(options: SshOptions, command: string): string[] {
  const { target, ip, knownHosts, acceptNew, identity } = options;
  const settings = {
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: "/dev/null",
    StrictHostKeyChecking: acceptNew ? "accept-new" : "yes",
    HostKeyAlias: hostKeyAlias,
    HashKnownHosts: "no",
    CheckHostIP: "no",
    UpdateHostKeys: "no",
    VerifyHostKeyDNS: "no",
    HostName: ip,
    IdentityAgent: "none",
    IdentitiesOnly: "yes",
    // "none" stands for the default files too.
    IdentityFile: identity ?? "none",
    PubkeyAuthentication: identity === undefined ? "no" : "yes",
    PasswordAuthentication: identity === undefined ? "yes" : "no",
    KbdInteractiveAuthentication: identity === undefined ? "yes" : "no",
    GSSAPIAuthentication: "no",
    HostbasedAuthentication: "no",
    NumberOfPasswordPrompts: "1",
    BatchMode: identity === undefined ? "no" : "yes",
    ForwardAgent: "no",
    ForwardX11: "no",
    ClearAllForwardings: "yes",
    PermitLocalCommand: "no",
    ControlMaster: "no",
    ControlPath: "none",
    EscapeChar: "none",
    ConnectTimeout: "15",
    ServerAliveInterval: "5",
    ServerAliveCountMax: "3",
    LogLevel: "ERROR",
  };
  return [
    ...["-F", "none", "-T", "-p", String(target.port)],
    ...Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
    "--",
    `${target.user}@${target.host}`,
    command,
  ];
}
