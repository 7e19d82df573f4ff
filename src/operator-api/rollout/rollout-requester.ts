import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { InstallationRequestRequestSchema } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { versionText } from "../../contract/catalogue/catalogue-reference.ts";
import { system } from "../../database/actor.ts";
import type { Database } from "../../database/connect.ts";
import { DatabaseError } from "../../database/errors.ts";
import { installationRequest } from "../../database/queries/installation/installation-request.ts";
import {
  rolloutOrderHold,
  rolloutRequestFind,
  rolloutRequestId,
  type RolloutOrder,
  type RolloutOrdered,
  type RolloutRequester,
} from "../../database/queries/rollout/rollout-order.ts";
import { transact } from "../../database/transaction.ts";
import { SecretsError } from "../../secrets/errors.ts";
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
  return { problem: () => access.secrets.problem(), request: (ordered) => orderRequest(access, ordered) };
}

async function orderRequest(
  access: Parameters<typeof rolloutRequester>[0],
  ordered: RolloutOrder,
): Promise<RolloutOrdered> {
  const { database, secrets } = access;
  const { rollout, machineId, generation } = ordered;
  const { profile } = rollout;
  const id = rolloutRequestId(ordered);
  // Before anything is made by the profile: it may have changed, or be gone, since the request was carried out.
  const before = await transact(database, null, (tx) => rolloutRequestFind(tx, machineId, id));
  if (before !== undefined) {
    return { kind: "requested", generation: before };
  }
  let withdrawn = false;
  try {
    const values = rolloutValuesOpen(secrets, rollout);
    const message = create(InstallationRequestRequestSchema, {
      requestId: id,
      machine: machineId,
      profile: versionText(profile.name, profile.version),
      values,
      generation,
    });
    const { order } = await installationOrder(access, machineId, {
      profile,
      values,
      ignoreHardwareReport: false,
      byOperator: false,
    });
    const requested = await installationRequest(database, {
      ...order,
      generation,
      detail: { ...order.detail, rollout: rollout.name },
      machineId,
      requestId: id,
      command: "installation_request",
      actor: system,
      ...secretDigestsOf(secrets, InstallationRequestRequestSchema, message, machineId),
      hold: async (tx) => {
        withdrawn = true;
        await rolloutOrderHold(tx, ordered);
        withdrawn = false;
      },
    });
    return { kind: "requested", generation: requested.generation };
  } catch (error) {
    if (withdrawn && error instanceof DatabaseError && error.code === "refused") {
      return { kind: "withdrawn" };
    }
    if (isRefusal(error)) {
      return { kind: "refused", error: error instanceof ConnectError ? error.rawMessage : error.message };
    }
    throw error;
  }
}

/** The values that a rollout gives to its profile's templates. @throws {SecretsError} */
export function rolloutValuesOpen(
  secrets: Pick<KeyRing, "open">,
  { name, sealedValues }: RolloutOrder["rollout"],
): Record<string, string> {
  const opened = secrets.open(rolloutValuesPlace(name), sealedValues);
  return JSON.parse(Buffer.from(opened).toString("utf8")) as Record<string, string>;
}

/** Errors that the same call would give again. */
function isRefusal(error: unknown): error is DatabaseError | ConnectError | SecretsError {
  if (error instanceof SecretsError) {
    return error.code === "altered";
  }
  if (error instanceof DatabaseError) {
    return error.code === "refused" || error.code === "not_found" || error.code === "request_id_reused";
  }
  return (
    error instanceof ConnectError && (error.code === Code.InvalidArgument || error.code === Code.FailedPrecondition)
  );
}
