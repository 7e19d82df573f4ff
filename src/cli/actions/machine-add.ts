import { randomUUID } from "node:crypto";
import { MachineAddResponseSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { parseLabels } from "../line/labels.ts";
import { answer } from "../show/answer.ts";

/** Flags of `farrier machine add`. */
export interface MachineAddFlags extends ClientFlags {
  provider: string;
  providerId: string;
  name: string | undefined;
  label: readonly string[] | undefined;
  reservationId: string | undefined;
  address: string | undefined;
  location: string | undefined;
  smbiosUuid: string | undefined;
  mac: readonly string[] | undefined;
  requestId: string | undefined;
}

/** `farrier machine add` */
export async function machineAddAction(this: CliContext, flags: MachineAddFlags): Promise<void> {
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
    smbiosUuid: flags.smbiosUuid ?? "",
    macs: [...(flags.mac ?? [])],
  });
  const id = response.machine?.id ?? "";
  answer(this, flags, {
    schema: MachineAddResponseSchema,
    message: response,
    names: () => [response.machine?.name || id],
    text: () => `${id}\n`,
  });
}
