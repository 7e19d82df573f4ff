import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ImageInstallationSchema, type ImageInstallation } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import type { RetryPolicy } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import type { ProfileSpec } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { versionReference } from "../../contract/catalogue/catalogue-reference.ts";
import type { Database } from "../../database/connect.ts";
import { DatabaseError } from "../../database/errors.ts";
import type { MachineId } from "../../database/ids.ts";
import { hardwareShow } from "../../database/queries/hardware/hardware.ts";
import type { InstallationOrigin } from "../../database/queries/installation/installation-request.ts";
import { machineShow } from "../../database/queries/machine/machine-show.ts";
import { defined } from "../../lib/defined.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";
import type { TemplateRenderer } from "../../profiles/template-renderer.ts";
import { bootDoubt } from "./boot-doubt.ts";
import { machineVariables } from "./machine-variables.ts";
import { readyImage } from "./profile-image.ts";
import { profileRead } from "./profile-read.ts";
import { profileRender, type RenderedProfile } from "./profile-render.ts";

/** Seconds that a report is waited for if the profile does not say. */
const withinDefault = 900;

/** What an installation by a profile needs. */
export interface ProfileAccess {
  database: Database;
  secrets: Pick<KeyRing, "open">;
  templates: TemplateRenderer;
}

/** A request as a profile makes it for one machine. */
export interface InstallationByProfile {
  image: ImageInstallation;
  retry?: RetryPolicy;
  /** Its system is expected to report within that time that it came up. */
  expect?: { withinSeconds: number };
  origin: InstallationOrigin & { profile: { name: string; version: number } };
  warnings: string[];
}

/** What a profile's templates give for a machine, and its hardware report. @throws {ConnectError} invalid_argument; {DatabaseError} */
export async function renderedFor(
  { database, templates }: ProfileAccess,
  spec: ProfileSpec,
  machineId: MachineId,
  values: Readonly<Record<string, string>>,
): Promise<RenderedProfile & { hardwareRaw?: Uint8Array }> {
  const record = await machineShow(database, machineId);
  const hardware = await hardwareShow(database, machineId, 0n).catch((error: unknown) => {
    // Without a report, templates that use the hardware fail, and others do not.
    if (error instanceof DatabaseError && error.code === "not_found") {
      return undefined;
    }
    throw error;
  });
  const rendered = await profileRender(templates, spec, machineVariables(record, hardware?.raw), values);
  return { ...rendered, ...defined({ hardwareRaw: hardware?.raw }) };
}

/**
 * Makes the request for a machine: the profile's image as it is now, and its templates with the machine's values.
 * @throws {ConnectError} invalid_argument, naming the field; {DatabaseError} `not_found`, `refused`; {SecretsError}
 */
export async function installationByProfile(
  access: ProfileAccess,
  reference: { name: string; version?: number },
  machineId: MachineId,
  values: Readonly<Record<string, string>>,
): Promise<InstallationByProfile> {
  const { database, secrets } = access;
  const { record, spec } = await profileRead(database, secrets, reference);
  const named = versionReference(spec.image);
  if (named === undefined) {
    throw new ConnectError(`profile: ${record.name}@${record.version} names no image`, Code.FailedPrecondition);
  }
  const ready = await readyImage(database, secrets, named);
  const rendered = await renderedFor(access, spec, machineId, values);
  const doubt = bootDoubt(ready.record.facts, rendered.hardwareRaw);
  const { rootDisk, grow, readBack, retry } = spec;
  return {
    image: create(ImageInstallationSchema, {
      ...ready.image,
      ...(rootDisk === undefined ? {} : { rootDisk }),
      grow,
      readBack,
      userData: rendered.userData,
      networkConfig: rendered.networkConfig,
    }),
    ...(retry === undefined ? {} : { retry }),
    ...(spec.expect?.cameUp === true ? { expect: { withinSeconds: spec.expect.withinSeconds || withinDefault } } : {}),
    origin: {
      image: { name: ready.record.name, version: ready.record.version },
      profile: { name: record.name, version: record.version },
    },
    warnings: doubt === undefined ? rendered.warnings : [...rendered.warnings, doubt],
  };
}
