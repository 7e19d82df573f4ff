import { randomUUID } from "node:crypto";
import { MachineUpdateResponseSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { networkConfigLimit } from "../../contract/network/network-config.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { fileFlagRead } from "../line/file-flag.ts";
import { type SshFlags, sshOfFlags } from "../flags/ssh.ts";
import { parseLabels } from "../line/labels.ts";
import type { MachineChangeFlags } from "../flags/machine-change.ts";
import { answer } from "../show/answer.ts";
import { defined } from "../../lib/defined.ts";

/** Flags of `farrier machine update`. */
export interface MachineUpdateFlags extends MachineChangeFlags, SshFlags {
  name: string | undefined;
  label: readonly string[] | undefined;
  removeLabel: readonly string[] | undefined;
  smbiosUuid: string | undefined;
  mac: readonly string[] | undefined;
  removeMac: readonly string[] | undefined;
  network: string | undefined;
}

/** `farrier machine update` */
export async function machineUpdateAction(this: CliContext, flags: MachineUpdateFlags, machine: string): Promise<void> {
  const { name, label = [], removeLabel = [], smbiosUuid, mac = [], removeMac = [] } = flags;
  const changes = label.length + removeLabel.length + mac.length + removeMac.length;
  const ssh = sshOfFlags(flags);
  if (
    name === undefined &&
    smbiosUuid === undefined &&
    flags.network === undefined &&
    ssh === undefined &&
    changes === 0
  ) {
    throw new CliError(
      "usage",
      "no change is named: give --name, --label, --remove-label, --smbios-uuid, --mac, --remove-mac, --network or --ssh",
    );
  }
  const setLabels = parseLabels(label);
  const networkConfig =
    flags.network === undefined || flags.network === ""
      ? flags.network
      : Buffer.from(await fileFlagRead("--network", flags.network, networkConfigLimit)).toString("utf8");
  const { machines } = await operatorClient(flags, this.process.env);
  const message = await machines.machineUpdate({
    requestId: flags.requestId ?? randomUUID(),
    machine,
    setLabels,
    removeLabels: [...removeLabel],
    addMacs: [...mac],
    removeMacs: [...removeMac],
    ...defined({ name, smbiosUuid, ssh, networkConfig }),
  });
  const id = message.machine?.id ?? "";
  answer(this, flags, {
    schema: MachineUpdateResponseSchema,
    message,
    names: () => [id],
    text: () => `${id} updated\n`,
  });
}
