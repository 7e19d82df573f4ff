import type { LabControllerSummary } from "../../main/options.ts";
import type { ClientFlags } from "../flags/client.ts";
import { shellWord } from "./shell-word.ts";

/** The name of the credential that opens a lab's controllers. */
export const labCredential = "lab";
/** Where it may be sent. */
export const labCredentialFor = "127.0.0.1/32";

/**
 * The commands that make machines known by their controllers, in their order. Pure.
 * @param options `program`: how Farrier is called; `credentialAt`: when the credential was stored last; absent if it was not
 */
export function labControllerCommands(
  controllers: readonly LabControllerSummary[],
  { program, flags, credentialAt }: { program: string; flags: Partial<ClientFlags>; credentialAt?: Date | undefined },
): string[] {
  const reach = reachWords(flags);
  const command = (...words: string[]): string => [program, ...[...words, ...reach].map(shellWord)].join(" ");
  const [first] = controllers;
  if (first === undefined) {
    return [];
  }
  const secret = ["--secret-file", first.passwordFile];
  const isOld = credentialAt !== undefined && credentialAt < first.passwordMadeAt;
  const create = ["--kind", "bmc", "--user", first.userName, ...secret, "--for", labCredentialFor];
  return [
    ...(credentialAt === undefined ? [command("credential", "create", labCredential, ...create)] : []),
    ...(isOld ? [command("credential", "rotate", labCredential, ...secret)] : []),
    ...controllers.map(({ name, url, sha256 }) =>
      command(
        ...["bmc", "add", url, "--credential", labCredential, "--name", name],
        ...(sha256 === undefined ? ["--clear-text"] : ["--fingerprint", sha256]),
      ),
    ),
  ];
}

/** The flags that name the control plane, as they were given. */
function reachWords({ dataDir, operators, context }: Partial<ClientFlags>): string[] {
  return [
    ...(dataDir === undefined ? [] : ["--data-dir", dataDir]),
    ...(operators === undefined ? [] : ["--operators", operators]),
    ...(context === undefined ? [] : ["--context", context]),
  ];
}
