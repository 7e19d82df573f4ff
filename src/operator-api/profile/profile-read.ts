import { fromBinary } from "@bufbuild/protobuf";
import { ProfileSpecSchema, type ProfileSpec } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import type { Database } from "../../database/connect.ts";
import { profileVersionShow, type SpecifiedProfileVersion } from "../../database/queries/profile/profile-version.ts";
import { profileSpecPlace } from "../../secrets/image-source.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";

/** Opens what a version of a profile says. @throws {SecretsError} `key_missing`, `altered` */
export function profileSpecOpen(
  secrets: Pick<KeyRing, "open">,
  record: Pick<SpecifiedProfileVersion, "name" | "version" | "sealedSpec">,
): ProfileSpec {
  return fromBinary(ProfileSpecSchema, secrets.open(profileSpecPlace(record), record.sealedSpec));
}

/** A version of a profile, and what it says. @throws {DatabaseError} `not_found`; {SecretsError} */
export async function profileRead(
  database: Database,
  secrets: Pick<KeyRing, "open">,
  reference: { name: string; version?: number },
): Promise<{ record: SpecifiedProfileVersion; spec: ProfileSpec }> {
  const record = await profileVersionShow(database, reference);
  return { record, spec: profileSpecOpen(secrets, record) };
}
