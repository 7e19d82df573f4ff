import { randomUUID } from "node:crypto";
import { MachineUpdateResponseSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { parseLabels } from "../line/labels.ts";
import type { MachineChangeFlags } from "../flags/machine-change.ts";
import { answer } from "../show/answer.ts";
import { defined } from "../../lib/defined.ts";

/** Flags of `farrier machine update`. */
export interface MachineUpdateFlags extends MachineChangeFlags {
  name: string | undefined;
  label: readonly string[] | undefined;
  removeLabel: readonly string[] | undefined;
  smbiosUuid: string | undefined;
  mac: readonly string[] | undefined;
  removeMac: readonly string[] | undefined;
}

/** `farrier machine update` */
export async function machineUpdateAction(this: CliContext, flags: MachineUpdateFlags, machine: string): Promise<void> {
  const { name, label = [], removeLabel = [], smbiosUuid, mac = [], removeMac = [] } = flags;
  const changes = label.length + removeLabel.length + mac.length + removeMac.length;
  if (name === undefined && smbiosUuid === undefined && changes === 0) {
    throw new CliError(
      "usage",
      "no change is named: give --name, --label, --remove-label, --smbios-uuid, --mac or --remove-mac",
    );
  }
  const setLabels = parseLabels(label);
  const { machines } = await operatorClient(flags, this.process.env);
  const message = await machines.machineUpdate({
    requestId: flags.requestId ?? randomUUID(),
    machine,
    setLabels,
    removeLabels: [...removeLabel],
    addMacs: [...mac],
    removeMacs: [...removeMac],
    ...defined({ name, smbiosUuid }),
  });
  const id = message.machine?.id ?? "";
  answer(this, flags, {
    schema: MachineUpdateResponseSchema,
    message,
    names: () => [id],
    text: () => `${id} updated\n`,
  });
}
