import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { z } from "zod";
import { OSInstallationRequestSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { ImageInstallation } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import type { InstallationPlan } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { versionText } from "../../contract/catalogue/catalogue-reference.ts";
import { ruledRequest } from "../../contract/catalogue/image-ruled.ts";
import { networkConfigParse } from "../../contract/network/network-parse.ts";
import { networkYaml } from "../../contract/network/network-yaml.ts";
import type { Database } from "../../database/connect.ts";
import { DatabaseError } from "../../database/errors.ts";
import type { Generation, MachineId } from "../../database/ids.ts";
import type { CameUpExpectation } from "../../database/queries/came-up/came-up-expect.ts";
import { cameUpTargetFind } from "../../database/queries/came-up/came-up-target-find.ts";
import type { InstallationFacts } from "../../database/queries/installation/installation-facts.ts";
import type { InstallationOrigin } from "../../database/queries/installation/installation-request.ts";
import type { InstallationRetryPolicy } from "../../database/queries/installation/installation-retry-budget.ts";
import { machineNetworkOf } from "../../database/queries/machine/machine-network.ts";
import { defined } from "../../lib/defined.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { requestSeal } from "../../secrets/installation-request.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";
import type { TemplateRenderer } from "../../profiles/template-renderer.ts";
import { installationForesee } from "../installation-plan.ts";
import { imagePermitted } from "../requests/image-permitted.ts";
import { retryField } from "../requests/retry-field.ts";
import { imageField } from "../requests/validate-image.ts";
import { validate } from "../requests/validate.ts";
import { installationByProfile } from "./installation-by-profile.ts";
import { reportExpected } from "./report-expected.ts";

/** What is to be installed: by a profile, or an image as the caller gave it. */
export interface InstallationWanted {
  profile?: { name: string; version?: number } | undefined;
  values: Readonly<Record<string, string>>;
  image?: ImageInstallation | undefined;
  /** In place of the profile's. */
  retry?: InstallationRetryPolicy | undefined;
  ignoreHardwareReport: boolean;
  /** An operator chose the image, who is no admin. */
  byOperator: boolean;
}

/** An installation as the database takes it. */
export interface InstallationOrdered {
  digest: string;
  serialise: (generation: Generation) => Uint8Array;
  check: (facts: InstallationFacts) => void;
  retry?: InstallationRetryPolicy;
  origin?: InstallationOrigin;
  expect?: CameUpExpectation;
  detail: Record<string, unknown>;
}

const imageThere = z.object({ image: imageField });

/**
 * Makes the order for one machine, the same for every caller. What `check` foresees is in `foreseen` after it has run.
 * @throws {ConnectError} invalid_argument, failed_precondition; {DatabaseError} `not_found`, `refused`; {SecretsError}
 */
export async function installationOrder(
  access: { database: Database; secrets: KeyRing; templates: TemplateRenderer },
  machineId: MachineId,
  wanted: InstallationWanted,
): Promise<{
  order: InstallationOrdered;
  foreseen: { plan?: InstallationPlan; warnings: string[] };
  /** Of the profile, and that nothing can report. */
  warnings: string[];
  /** NAME@VERSION of profile and image. */
  by: { profile?: string; image?: string };
}> {
  const { database, secrets } = access;
  const made =
    wanted.profile === undefined
      ? undefined
      : await installationByProfile(access, wanted.profile, machineId, wanted.values);
  // By the profile, or by the caller: the same rules for both.
  const { image: checked } = validate(imageThere, { image: made?.image ?? wanted.image });
  if (made === undefined) {
    // An image of the catalogue was looked at with its source.
    await imagePermitted(database, ruledRequest(checked, wanted.byOperator ? "ask" : undefined));
  }
  const retry = wanted.retry ?? (made?.retry === undefined ? undefined : validate(retryField, made.retry));
  // The message itself goes to the agent, with fields that this server does not know.
  const image: ImageInstallation = {
    ...(made?.image ?? (wanted.image as ImageInstallation)),
    caCertificates: checked.caCertificates,
    ...(checked.networkConfig.length > 0 ? {} : { networkConfig: await installedNetwork(database, machineId) }),
  };
  const by = originTitles(made?.origin);
  const report = made?.expect === undefined ? undefined : reportExpected(await cameUpTargetFind(database), made.expect);
  const foreseen: { plan?: InstallationPlan; warnings: string[] } = { warnings: [] };
  return {
    order: {
      digest: checked.digest,
      check: (facts) => Object.assign(foreseen, planned(image, facts, wanted.ignoreHardwareReport)),
      serialise: (generation) => {
        const value = { ...image, ...report?.vendorDataOf(machineId, generation) };
        const message = create(OSInstallationRequestSchema, { generation, type: { case: "image", value } });
        return requestSeal(secrets, { machineId, generation }, toBinary(OSInstallationRequestSchema, message));
      },
      detail: { url: shownUrl(checked.url), digest: checked.digest, ...by },
      ...defined({ retry, origin: made?.origin, expect: report?.expect }),
    },
    foreseen,
    warnings: [...(made?.warnings ?? []), ...(report?.warnings ?? [])],
    by,
  };
}

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
