import type { MessageInitShape } from "@bufbuild/protobuf";
import { z } from "zod";
import type {
  InstallationShowRequest,
  InstallationShowResponseSchema,
} from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { vendorDataShown } from "../../contract/came-up/vendor-data.ts";
import { DatabaseError } from "../../database/errors.ts";
import { machineShow } from "../../database/queries/machine/machine-show.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { recordOpened } from "../messages/record-opened.ts";
import { requestedImage } from "../messages/requested-image.ts";
import { machineOf } from "../requests/machine-reference.ts";
import { count, machineField, validate } from "../requests/validate.ts";
import { defined } from "../../lib/defined.ts";

const showRequest = z.object({ machine: machineField, generation: count });

/** Shows a machine's current request in full. The audit interceptor records who has seen it. */
export function installationShowHandler({ database, secrets }: OperatorApiDependencies) {
  return async (request: InstallationShowRequest): Promise<MessageInitShape<typeof InstallationShowResponseSchema>> => {
    const { machine, generation } = validate(showRequest, request);
    const machineId = await machineOf(database, machine);
    const { installation } = recordOpened(secrets, await machineShow(database, machineId));
    if (installation === undefined) {
      throw new DatabaseError(
        "not_found",
        "no installation was ever requested for this machine: there is no request to show",
      );
    }
    if (generation !== 0n && generation !== installation.generation) {
      throw new DatabaseError(
        "not_found",
        `the request of generation ${generation} is no longer stored: the current generation is ${installation.generation}`,
      );
    }
    if (installation.requestProblem !== undefined) {
      throw new DatabaseError("refused", installation.requestProblem);
    }
    const image = requestedImage(installation.requestRaw);
    if (image !== undefined) {
      // The one-time token is the installed system's alone.
      image.vendorData = vendorDataShown(image.vendorData);
    }
    return { machineId, generation: installation.generation, ...defined({ image }) };
  };
}
