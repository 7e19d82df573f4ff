import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ImageInstallationSchema, type ImageInstallation } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { versionReference } from "../../contract/catalogue/catalogue-reference.ts";
import type { Database } from "../../database/connect.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";
import { readyImage } from "../profile/profile-image.ts";
import { profileRead } from "../profile/profile-read.ts";
import { profileValues } from "../profile/profile-render.ts";

/**
 * What a plan needs of a profile: its image now, and its disk. The templates are rendered for each machine when its turn
 * comes.
 * @throws {ConnectError} invalid_argument for values that the profile does not have, or lacks; {DatabaseError}
 * `not_found`, `refused`; {SecretsError}
 */
export async function rolloutProfile(
  access: { database: Database; secrets: Pick<KeyRing, "open"> },
  reference: { name: string; version?: number },
  values: Readonly<Record<string, string>>,
): Promise<{ profile: { name: string; version: number }; image: ImageInstallation; imageName: string }> {
  const { database, secrets } = access;
  const { record, spec } = await profileRead(database, secrets, reference);
  profileValues(spec, values);
  const named = versionReference(spec.image);
  if (named === undefined) {
    throw new ConnectError(`profile: ${record.name}@${record.version} names no image`, Code.FailedPrecondition);
  }
  const ready = await readyImage(database, secrets, named);
  const { rootDisk } = spec;
  return {
    profile: { name: record.name, version: record.version },
    image: create(ImageInstallationSchema, { ...ready.image, ...(rootDisk === undefined ? {} : { rootDisk }) }),
    imageName: ready.record.name,
  };
}
