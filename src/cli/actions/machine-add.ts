import { randomUUID } from "node:crypto";
import { MachineAddResponseSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { CliError } from "../errors.ts";
import { type SshFlags, sshOfFlags } from "../flags/ssh.ts";
import { parseLabels } from "../line/labels.ts";
import { answer } from "../show/answer.ts";
import { defined } from "../../lib/defined.ts";

/** Flags of `farrier machine add`. */
export interface MachineAddFlags extends ClientFlags, SshFlags {
  provider: string | undefined;
  providerId: string | undefined;
  name: string | undefined;
  label: readonly string[] | undefined;
  reservationId: string | undefined;
  address: string | undefined;
  location: string | undefined;
  smbiosUuid: string | undefined;
  mac: readonly string[] | undefined;
  startAgent: boolean | undefined;
  requestId: string | undefined;
}

/** `farrier machine add` */
export async function machineAddAction(this: CliContext, flags: MachineAddFlags, named?: string): Promise<void> {
  const labels = parseLabels(flags.label ?? []);
  const ssh = sshOfFlags(flags);
  if (named !== undefined && flags.name !== undefined && flags.name !== named) {
    throw new CliError("usage", `two names are given, ${named} and ${flags.name}: give one`);
  }
  const providerId = flags.providerId ?? (flags.ssh === undefined ? undefined : `ssh://${flags.ssh}`);
  if (providerId === undefined) {
    throw new CliError("usage", "--provider-id is missing: expected the machine's id at its provider, or --ssh");
  }
  if (flags.startAgent === true && ssh === undefined) {
    throw new CliError("usage", "--start-agent needs --ssh: without it nothing starts an agent on the machine");
  }
  const { machines, controllers } = await operatorClient(flags, this.process.env);
  const response = await machines.machineAdd({
    requestId: flags.requestId ?? randomUUID(),
    provider: flags.provider ?? "static",
    providerId,
    name: named ?? flags.name ?? "",
    labels,
    reservationId: flags.reservationId ?? "",
    address: flags.address ?? "",
    location: flags.location ?? "",
    smbiosUuid: flags.smbiosUuid ?? "",
    macs: [...(flags.mac ?? [])],
    ...defined({ ssh }),
  });
  const id = response.machine?.id ?? "";
  if (flags.startAgent === true) {
    await controllers.machineStartAgent({ requestId: randomUUID(), machine: id });
  }
  answer(this, flags, {
    schema: MachineAddResponseSchema,
    message: response,
    names: () => [response.machine?.name || id],
    text: () => `${id}\n`,
  });
}
