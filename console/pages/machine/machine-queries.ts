import { createQueryOptions } from "@connectrpc/connect-query";
import { queryClient } from "../../api/query-client.ts";
import { transport } from "../../api/transport.ts";
import { MachineService } from "../../../gen/farrier/operator/v1/machine_pb.ts";

/** One machine, as MachineShow has it. @param machine name or id */
export function showOptions(machine: string) {
  return createQueryOptions(MachineService.method.machineShow, { machine }, { transport });
}

/** Why a machine makes no progress. @param machine its id */
export function explainOptions(machine: string) {
  return createQueryOptions(MachineService.method.machineExplain, { machine }, { transport });
}

/** Reads what a machine's page begins with. @throws ConnectError, such as "not_found" */
export async function machineLoad(machine: string): Promise<void> {
  await queryClient.ensureQueryData({ ...showOptions(machine), revalidateIfStale: true });
}
