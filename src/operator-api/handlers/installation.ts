import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import { OSInstallationRequestSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { ImageInstallation } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import type { InstallationPlan, InstallationService } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { versionText } from "../../contract/catalogue/catalogue-reference.ts";
import { requestOfGeneration } from "../../contract/request-generation.ts";
import type { Database } from "../../database/connect.ts";
import { DatabaseError } from "../../database/errors.ts";
import { generation as toGeneration, type MachineId } from "../../database/ids.ts";
import type { InstallationFacts } from "../../database/queries/installation/installation-facts.ts";
import {
  installationRequest,
  type InstallationOrigin,
} from "../../database/queries/installation/installation-request.ts";
import { installationDryRun } from "../../database/queries/installation/installation-dry-run.ts";
import { installationCancel } from "../../database/queries/installation/installation-cancel.ts";
import { installationRetry } from "../../database/queries/installation/installation-retry.ts";
import { requestReserialise, requestSeal } from "../../secrets/installation-request.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { secretDigestsOf } from "../requests/secret-digests.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { operatorCommand } from "../requests/operator-command.ts";
import { installationForesee } from "../installation-plan.ts";
import { machineOf } from "../requests/machine-reference.ts";
import { networkConfigParse } from "../../contract/network/network-parse.ts";
import { networkYaml } from "../../contract/network/network-yaml.ts";
import { machineNetworkOf } from "../../database/queries/machine/machine-network.ts";
import { retryField } from "../requests/retry-field.ts";
import type { TemplateRenderer } from "../../profiles/template-renderer.ts";
import { installationByProfile } from "../profile/installation-by-profile.ts";
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

const imageThere = z.object({ image: imageField });

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

/**
 * The network of a system whose request says none: the machine's, as cloud-init takes it; empty means the image's own.
 * @throws {ConnectError} failed_precondition if this version does not accept it any more
 */
async function installedNetwork(database: Database, machineId: MachineId): Promise<Uint8Array<ArrayBuffer>> {
  const text = await machineNetworkOf(database, machineId);
  const config = text === undefined ? undefined : networkConfigParse(text);
  if (config !== undefined && "problem" in config) {
    throw new ConnectError(
      `the machine's network can't be read: ${config.problem}. \`farrier machine update --help\` has --network`,
      Code.FailedPrecondition,
    );
  }
  return config === undefined ? new Uint8Array() : Uint8Array.from(Buffer.from(networkYaml(config)));
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
      const { replaceGeneration, dryRun, ignoreHardwareReport } = valid;
      const machineId = await machineOf(database, valid.machine);
      const made =
        valid.profile === undefined
          ? undefined
          : await installationByProfile({ database, secrets, templates }, valid.profile, machineId, valid.values);
      // By the profile, or by the caller: the same rules for both.
      const { image: checked } = validate(imageThere, { image: made?.image ?? request.image });
      const retry = valid.retry ?? (made?.retry === undefined ? undefined : validate(retryField, made.retry));
      // The message itself goes to the agent, with fields that this server does not know.
      const image: ImageInstallation = {
        ...(made?.image ?? (request.image as ImageInstallation)),
        caCertificates: checked.caCertificates,
        ...(checked.networkConfig.length > 0 ? {} : { networkConfig: await installedNetwork(database, machineId) }),
      };
      const by = originTitles(made?.origin);
      const foreseen: { plan?: InstallationPlan; warnings: string[] } = { warnings: [] };
      const order = {
        ...(replaceGeneration === 0n ? {} : { replace: replaceGeneration }),
        ...(valid.generation === 0n ? {} : { generation: toGeneration(valid.generation) }),
        check: (facts: InstallationFacts) => Object.assign(foreseen, planned(image, facts, ignoreHardwareReport)),
      };
      if (dryRun) {
        await installationDryRun(database, machineId, order);
        return { machineId, ...foreseen, warnings: [...(made?.warnings ?? []), ...foreseen.warnings], ...by };
      }
      const generation = await installationRequest(database, {
        ...order,
        ...operatorCommand(context, request, machineId),
        ...secretDigestsOf(secrets, context.method.input, request, machineId),
        digest: checked.digest,
        serialise: (given) => {
          const message = create(OSInstallationRequestSchema, {
            generation: given,
            type: { case: "image", value: image },
          });
          return requestSeal(secrets, { machineId, generation: given }, toBinary(OSInstallationRequestSchema, message));
        },
        ...defined({ retry }),
        detail: { url: shownUrl(checked.url), digest: checked.digest, ...by },
        ...defined({ origin: made?.origin }),
      });
      return { machineId, generation, ...foreseen, warnings: [...(made?.warnings ?? []), ...foreseen.warnings], ...by };
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
      const next = await installationRetry(database, {
        ...operatorCommand(context, request, machineId),
        generation,
        reserialise: requestReserialise(secrets, requestOfGeneration),
        ...defined({ retry }),
      });
      return { machineId, generation: next };
    },

    installationList: installationListHandler(dependencies),
    installationShow: installationShowHandler(dependencies),
  };
}

/** NAME@VERSION of the profile and the image; nothing for a request by an image alone. */
function originTitles(origin: InstallationOrigin | undefined): { profile?: string; image?: string } {
  return origin === undefined
    ? {}
    : {
        image: versionText(origin.image.name, origin.image.version),
        ...(origin.profile === undefined ? {} : { profile: versionText(origin.profile.name, origin.profile.version) }),
      };
}

/**
 * Foresees the installation; refuses a request that the machine's hardware report rules out. @throws {DatabaseError}
 * `refused`
 */
function planned(
  image: ImageInstallation,
  facts: InstallationFacts,
  ignoreHardwareReport: boolean,
): { plan: InstallationPlan } | { warnings: string[] } {
  const foresight = installationForesee(image, facts);
  switch (foresight.kind) {
    case "plan":
      return { plan: foresight.plan };
    case "unknown":
      return { warnings: [foresight.warning] };
    case "refused": {
      const at = facts.hardware?.at.toISOString() ?? "";
      const said = `${foresight.reason} (hardware report of ${at})`;
      if (ignoreHardwareReport) {
        return {
          warnings: [`${said}: accepted anyway (ignore_hardware_report); the agent decides by the disks that it finds`],
        };
      }
      throw new DatabaseError(
        "refused",
        `${said}; if the machine's disks have changed since, set ignore_hardware_report`,
      );
    }
  }
}
