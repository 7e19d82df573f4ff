import { create, toBinary } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import { OSInstallationRequestSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { ImageInstallation } from "../../../gen/farrier/agent/v1/image_pb.ts";
import {
  InstallationCancelRequestSchema,
  InstallationRequestRequestSchema,
  type InstallationService,
} from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { installationCancel, installationRequest } from "../../database/queries/installation.ts";
import { bodyDigest } from "../body-digest.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { operatorKey } from "../identity.ts";
import { machineOf } from "../machine-reference.ts";
import { imageField } from "../validate-image.ts";
import { count, machineField, requestIdField, validate } from "../validate.ts";

const installRequest = z.object({
  requestId: requestIdField,
  machine: machineField,
  image: imageField,
  replaceGeneration: count,
});

const cancelRequest = z.object({
  requestId: requestIdField,
  machine: machineField,
  generation: count,
});

/** What operators call about installations. */
export function installationHandlers({ database }: OperatorApiDependencies): ServiceImpl<typeof InstallationService> {
  return {
    async installationRequest(request, context) {
      const { requestId, machine, image: checked, replaceGeneration } = validate(installRequest, request);
      const machineId = await machineOf(database, machine);
      // The message itself goes to the agent, with fields that this server does not know of.
      const image = request.image as ImageInstallation;
      const generation = await installationRequest(database, {
        machineId,
        requestId,
        command: "installation_request",
        bodyDigest: bodyDigest(InstallationRequestRequestSchema, request, machineId),
        actor: context.values.get(operatorKey),
        digest: checked.digest,
        serialise: (given) =>
          toBinary(
            OSInstallationRequestSchema,
            create(OSInstallationRequestSchema, {
              generation: given,
              type: { case: "image", value: image },
            }),
          ),
        ...(replaceGeneration === 0n ? {} : { replace: replaceGeneration }),
        detail: { url: withoutSecrets(checked.url), digest: checked.digest },
      });
      return { machineId, generation };
    },

    async installationCancel(request, context) {
      const { requestId, machine, generation: meant } = validate(cancelRequest, request);
      const machineId = await machineOf(database, machine);
      const generation = await installationCancel(database, {
        machineId,
        requestId,
        command: "installation_cancel",
        bodyDigest: bodyDigest(InstallationCancelRequestSchema, request, machineId),
        actor: context.values.get(operatorKey),
        reason: "cancelled by an operator",
        ...(meant === 0n ? {} : { generation: meant }),
      });
      return { machineId, generation };
    },
  };
}

/** The URL without what may give access: user, password, query. History is kept for ever and read by many. */
function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
