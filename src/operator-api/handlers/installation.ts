import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import { OSInstallationRequestSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { ImageInstallation } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import type { InstallationPlan, InstallationService } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { requestOfGeneration } from "../../contract/request-generation.ts";
import type { Database } from "../../database/connect.ts";
import { DatabaseError } from "../../database/errors.ts";
import { generation as toGeneration, type MachineId } from "../../database/ids.ts";
import type { InstallationFacts } from "../../database/queries/installation/installation-facts.ts";
import { installationRequest } from "../../database/queries/installation/installation-request.ts";
import { installationDryRun } from "../../database/queries/installation/installation-dry-run.ts";
import { installationCancel } from "../../database/queries/installation/installation-cancel.ts";
import { installationRetry } from "../../database/queries/installation/installation-retry.ts";
import type { InstallationRetryPolicy } from "../../database/queries/installation/installation-retry-budget.ts";
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
import { imageField } from "../requests/validate-image.ts";
import { count, line, machineField, requestIdField, validate } from "../requests/validate.ts";
import { installationListHandler } from "./installation-list.ts";
import { installationShowHandler } from "./installation-show.ts";
import { defined } from "../../lib/defined.ts";

const whole = (least: number, most: number, what: string) => {
  const message = `expected ${what}`;
  return z.int(message).min(least, message).max(most, message);
};

/** In seconds. A wait of more than a day between tries is no longer a retry. */
const longestWait = 86_400;
const retryField = z
  .object({
    attempts: whole(1, 100, "1 to 100 tries"),
    initialSeconds: whole(0, longestWait, `1 to ${longestWait} seconds, or 0 for 60`),
    maximumSeconds: whole(0, longestWait, `1 to ${longestWait} seconds, or 0 for 3600`),
    exponent: z.number().refine((value) => value === 0 || (value >= 1 && value <= 10), "expected 1 to 10, or 0 for 2"),
  })
  .transform(({ attempts, initialSeconds, maximumSeconds, exponent }): InstallationRetryPolicy => {
    const initial = initialSeconds === 0 ? 60 : initialSeconds;
    return {
      attempts,
      initial,
      maximum: maximumSeconds === 0 ? Math.max(3_600, initial) : maximumSeconds,
      exponent: exponent === 0 ? 2 : exponent,
    };
  })
  .refine(({ initial, maximum }) => maximum >= initial, "maximum_seconds is less than initial_seconds")
  .optional();

const namedGeneration = count.refine(
  (generation) => generation > 0n,
  "is missing: expected the number of a generation, from 1; MachineShow has the machine's newest",
);

const installRequest = z.object({
  requestId: requestIdField,
  machine: machineField,
  image: imageField,
  replaceGeneration: count,
  retry: retryField,
  dryRun: z.boolean(),
  ignoreHardwareReport: z.boolean(),
  generation: count,
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
export function installationHandlers(dependencies: OperatorApiDependencies): ServiceImpl<typeof InstallationService> {
  const { database, secrets } = dependencies;
  return {
    async installationRequest(request, context) {
      const valid = validate(installRequest, request);
      const { image: checked, replaceGeneration, retry, dryRun, ignoreHardwareReport } = valid;
      const machineId = await machineOf(database, valid.machine);
      // The message itself goes to the agent, with fields that this server does not know.
      const image: ImageInstallation = {
        ...(request.image as ImageInstallation),
        caCertificates: checked.caCertificates,
        ...(checked.networkConfig.length > 0 ? {} : { networkConfig: await installedNetwork(database, machineId) }),
      };
      const foreseen: { plan?: InstallationPlan; warnings: string[] } = { warnings: [] };
      const order = {
        ...(replaceGeneration === 0n ? {} : { replace: replaceGeneration }),
        ...(valid.generation === 0n ? {} : { generation: toGeneration(valid.generation) }),
        check: (facts: InstallationFacts) => Object.assign(foreseen, planned(image, facts, ignoreHardwareReport)),
      };
      if (dryRun) {
        await installationDryRun(database, machineId, order);
        return { machineId, ...foreseen };
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
        detail: { url: shownUrl(checked.url), digest: checked.digest },
      });
      return { machineId, generation, ...foreseen };
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
