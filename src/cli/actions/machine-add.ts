import { randomUUID } from "node:crypto";
import { MachineAddResponseSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { operatorClient } from "../client.ts";
import type { MachineAddFlags } from "../commands/machine-add.ts";
import type { CliContext } from "../context.ts";
import { parseLabels } from "../labels.ts";
import { printJson } from "../print.ts";

/** `farrier machine add` */
export async function machineAdd(this: CliContext, flags: MachineAddFlags): Promise<void> {
  const labels = parseLabels(flags.label ?? []);
  const { machines } = await operatorClient(flags, this.process.env);
  const response = await machines.machineAdd({
    requestId: flags.requestId ?? randomUUID(),
    provider: flags.provider,
    providerId: flags.providerId,
    name: flags.name ?? "",
    labels,
    reservationId: flags.reservationId ?? "",
    address: flags.address ?? "",
    location: flags.location ?? "",
  });
  if (flags.json === true) {
    printJson(this, MachineAddResponseSchema, response);
  } else {
    this.process.stdout.write(`${response.machine?.id ?? ""}\n`);
  }
}
