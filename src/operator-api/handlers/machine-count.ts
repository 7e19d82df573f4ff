import type { MessageInitShape } from "@bufbuild/protobuf";
import { z } from "zod";
import type { MachineCountRequest, MachineCountResponseSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { machineCount } from "../../database/queries/views/machine-count.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { anyMachine, machineFilterField } from "../requests/machine-filter.ts";
import { validate } from "../requests/validate.ts";

const countRequest = z.object({ filter: machineFilterField });

/** Counts the machines that a list with the same conditions has. */
export function machineCountHandler({ database }: OperatorApiDependencies) {
  return async (request: MachineCountRequest): Promise<MessageInitShape<typeof MachineCountResponseSchema>> => {
    const { filter = anyMachine } = validate(countRequest, request);
    const { machines, more } = await machineCount(database, filter);
    return { machines: BigInt(machines), more };
  };
}
