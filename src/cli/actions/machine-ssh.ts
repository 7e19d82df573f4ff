import { isSshUser } from "../../contract/ssh-target.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { machineTitle } from "../show/describe.ts";
import { sshChoice } from "../ssh/choice.ts";
import { sshClientRun } from "../ssh/client-run.ts";

/** Flags of `farrier machine ssh`. */
export interface MachineSshFlags extends Omit<ClientFlags, "output" | "json"> {
  user: string | undefined;
  address: string | undefined;
  port: number | undefined;
  acceptUnproven: boolean | undefined;
}

/** `farrier machine ssh` */
export async function machineSshAction(this: CliContext, flags: MachineSshFlags, ...words: string[]): Promise<void> {
  const { user, port } = flags;
  if (user !== undefined && !isSshUser(user)) {
    throw new CliError(
      "usage",
      '--user: expected an account\'s name: letters, digits, "_", "." and "-", a letter or "_" first',
    );
  }
  if (port !== undefined && port > 65_535) {
    throw new CliError("usage", "--port: expected a number from 1 to 65535");
  }
  const [named = "", ...command] = words;
  const { machines } = await operatorClient(flags, this.process.env);
  const { machine } = await machines.machineShow({ machine: named });
  if (machine === undefined) {
    throw new CliError("failed", "the control plane's answer has no machine in it");
  }
  const chosen = sshChoice(machine, {
    title: machineTitle(machine),
    address: flags.address,
    acceptUnproven: flags.acceptUnproven === true,
  });
  if ("problem" in chosen) {
    throw new CliError("failed", chosen.problem);
  }
  chosen.notes.forEach((note) => this.process.stderr.write(`farrier: ${note}\n`));
  this.process.exitCode = await sshClientRun({ ...chosen, user, port, command });
}
