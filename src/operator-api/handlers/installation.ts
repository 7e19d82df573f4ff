import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import type { InstallationService } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { ruledRepeat } from "../../contract/catalogue/image-ruled.ts";
import { requestAgain } from "../../contract/request-again.ts";
import { commandOutcomeLook } from "../../database/operator-command-record.ts";
import { generation as toGeneration } from "../../database/ids.ts";
import { installationRequest } from "../../database/queries/installation/installation-request.ts";
import { installationDryRun } from "../../database/queries/installation/installation-dry-run.ts";
import { installationCancel } from "../../database/queries/installation/installation-cancel.ts";
import { installationRetry, type RepeatedRequest } from "../../database/queries/installation/installation-retry.ts";
import { requestReserialise } from "../../secrets/installation-request.ts";
import { originSourceOpen } from "../../secrets/image-source.ts";
import { callerKey } from "../caller/identity.ts";
import { imagePermits } from "../requests/image-permitted.ts";
import { secretDigestsOf } from "../requests/secret-digests.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { operatorCommand } from "../requests/operator-command.ts";
import { machineOf } from "../requests/machine-reference.ts";
import { retryField } from "../requests/retry-field.ts";
import type { TemplateRenderer } from "../../profiles/template-renderer.ts";
import { installationOrder } from "../profile/installation-order.ts";
import { templateValuesField } from "../profile/spec-field.ts";
import { optionalProfileField } from "../requests/version-reference.ts";
import { imageField } from "../requests/validate-image.ts";
import { count, line, machineField, requestIdField, validate } from "../requests/validate.ts";
import { installationListHandler } from "./installation-list.ts";
import { installationShowHandler } from "./installation-show.ts";
import { defined } from "../../lib/defined.ts";

const namedGeneration = count.refine(
  (generation) => generation > 0n,
  "is missing: expected the number of a generation, from 1; MachineShow has the machine's newest",
);

const installRequest = z
  .object({
    requestId: requestIdField,
    machine: machineField,
    image: imageField.optional(),
    profile: optionalProfileField,
    values: templateValuesField,
    replaceGeneration: count,
    retry: retryField,
    dryRun: z.boolean(),
    ignoreHardwareReport: z.boolean(),
    generation: count,
  })
  .refine(({ image, profile }) => image !== undefined || profile !== undefined, {
    path: ["image"],
    message: "is missing: expected the image to install, or a profile",
  })
  .refine(({ image, profile }) => image === undefined || profile === undefined, {
    path: ["profile"],
    message: "names the image itself: give a profile or an image, not both",
  })
  .refine(({ profile, values }) => profile !== undefined || Object.keys(values).length === 0, {
    path: ["values"],
    message: "are for a profile's templates: give a profile too",
  });

const cancelRequest = z.object({
  requestId: requestIdField,
  machine: machineField,
  generation: namedGeneration,
  reason: line(1024),
});

const retryRequest = z.object({
  requestId: requestIdField,
  machine: machineField,
  generation: namedGeneration,
  retry: retryField,
});

/** True for callers who are no admins. */
function isOperator(context: HandlerContext): boolean {
  return context.values.get(callerKey).operator?.role !== "admin";
}

/** The handlers of InstallationService. */
export function installationHandlers(
  dependencies: OperatorApiDependencies,
  templates: TemplateRenderer,
): ServiceImpl<typeof InstallationService> {
  const { database, secrets } = dependencies;
  return {
    async installationRequest(request, context) {
      const valid = validate(installRequest, request);
      const { replaceGeneration, dryRun } = valid;
      const machineId = await machineOf(database, valid.machine);
      const command = {
        ...operatorCommand(context, request, machineId),
        ...secretDigestsOf(secrets, context.method.input, request, machineId),
      };
      // Before anything is made by the profile: it may have changed, or be gone, since the first answer.
      const before = dryRun ? undefined : await commandOutcomeLook(database, command);
      if (before !== undefined) {
        return { machineId, generation: before.generation, ...before.answer };
      }
      const access = { database, secrets, templates };
      const { order, foreseen, warnings, by } = await installationOrder(access, machineId, {
        ...valid,
        image: request.image,
        byOperator: isOperator(context),
      });
      const asked = {
        ...(replaceGeneration === 0n ? {} : { replace: replaceGeneration }),
        ...(valid.generation === 0n ? {} : { generation: toGeneration(valid.generation) }),
      };
      if (dryRun) {
        await installationDryRun(database, machineId, { ...asked, check: order.check });
        return { machineId, ...foreseen, warnings: [...warnings, ...foreseen.warnings], ...by };
      }
      const { generation, answer } = await installationRequest(database, {
        ...asked,
        ...order,
        ...command,
        answer: { ...by },
      });
      return { machineId, generation, ...foreseen, warnings: [...warnings, ...foreseen.warnings], ...answer };
    },

    async installationCancel(request, context) {
      const { machine, generation, reason } = validate(cancelRequest, request);
      const machineId = await machineOf(database, machine);
      const cancelled = await installationCancel(database, {
        ...operatorCommand(context, request, machineId),
        reason: reason === "" ? "cancelled by an operator" : reason,
        generation,
      });
      return { machineId, ...cancelled };
    },

    async installationRetry(request, context) {
      const { machine, generation, retry } = validate(retryRequest, request);
      const machineId = await machineOf(database, machine);
      const permit = await imagePermits(database);
      const next = await installationRetry(database, {
        ...operatorCommand(context, request, machineId),
        generation,
        reserialise: requestReserialise(secrets, requestAgain, (raw, { origin }: RepeatedRequest) => {
          const chosen = origin === undefined && isOperator(context) ? ("ask" as const) : undefined;
          const again = ruledRepeat(raw, originSourceOpen(secrets, origin), chosen);
          if (again !== undefined) {
            permit(again);
          }
        }),
        ...defined({ retry }),
      });
      return { machineId, generation: next };
    },

    installationList: installationListHandler(dependencies),
    installationShow: installationShowHandler(dependencies),
  };
}
