import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { InstallationRequestRequestSchema } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { versionText } from "../../contract/catalogue/catalogue-reference.ts";
import { system } from "../../database/actor.ts";
import type { Database } from "../../database/connect.ts";
import { DatabaseError } from "../../database/errors.ts";
import { requestId, type RequestId } from "../../database/ids.ts";
import { installationRequest } from "../../database/queries/installation/installation-request.ts";
import type { RolloutOrder, RolloutRequester } from "../../database/queries/rollout/rollout-order.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";
import { rolloutValuesPlace } from "../../secrets/rollout-values.ts";
import type { TemplateRenderer } from "../../profiles/template-renderer.ts";
import { installationOrder } from "../profile/installation-order.ts";
import { secretDigestsOf } from "../requests/secret-digests.ts";

/** Requests rollouts' installations as InstallationRequest does, with the rollout's profile. */
export function rolloutRequester(access: {
  database: Database;
  secrets: KeyRing;
  templates: TemplateRenderer;
}): RolloutRequester {
  const { database, secrets } = access;
  return async (ordered) => {
    const { rollout, machineId, generation } = ordered;
    const { profile } = rollout;
    const id = rolloutRequestId(ordered);
    const values = rolloutValuesOpen(secrets, rollout);
    const message = create(InstallationRequestRequestSchema, {
      requestId: id,
      machine: machineId,
      profile: versionText(profile.name, profile.version),
      values,
      generation,
    });
    try {
      const { order } = await installationOrder(access, machineId, { profile, values, ignoreHardwareReport: false });
      const requested = await installationRequest(database, {
        ...order,
        generation,
        detail: { ...order.detail, rollout: rollout.name },
        machineId,
        requestId: id,
        command: "installation_request",
        actor: system,
        ...secretDigestsOf(secrets, InstallationRequestRequestSchema, message, machineId),
      });
      return { kind: "requested", generation: requested.generation };
    } catch (error) {
      if (isRefusal(error)) {
        return { kind: "refused", error: error instanceof ConnectError ? error.rawMessage : error.message };
      }
      throw error;
    }
  };
}

/** The values that a rollout gives to its profile's templates. @throws {SecretsError} */
export function rolloutValuesOpen(
  secrets: Pick<KeyRing, "open">,
  { name, sealedValues }: RolloutOrder["rollout"],
): Record<string, string> {
  const opened = secrets.open(rolloutValuesPlace(name), sealedValues);
  return JSON.parse(Buffer.from(opened).toString("utf8")) as Record<string, string>;
}

/** The same for the same rollout, machine and attempt, as a UUID of version 8. Pure. */
function rolloutRequestId({ rollout, machineId, attempt }: RolloutOrder): RequestId {
  const bytes = createHash("sha256")
    .update(`rollout ${rollout.number} ${rollout.name} ${machineId} ${attempt}`)
    .digest();
  const hex = bytes.toString("hex");
  return requestId(
    `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`,
  );
}

/** Errors that the same call would give again. */
function isRefusal(error: unknown): error is DatabaseError | ConnectError {
  if (error instanceof DatabaseError) {
    return error.code === "refused" || error.code === "not_found" || error.code === "request_id_reused";
  }
  return (
    error instanceof ConnectError && (error.code === Code.InvalidArgument || error.code === Code.FailedPrecondition)
  );
}
