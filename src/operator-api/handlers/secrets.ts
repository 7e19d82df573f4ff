import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import { SecretsRotateRequestSchema, type SecretsService } from "../../../gen/farrier/operator/v1/secrets_pb.ts";
import { secretsKeyLacking, secretsKeyOfferIn, secretsKeysRead } from "../../database/queries/secret/secrets-key.ts";
import { secretsCommandOnce } from "../../database/queries/secret/secrets-command.ts";
import { secretsUse } from "../../database/queries/secret/secrets-show.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { secretDigests } from "../requests/secret-digests.ts";
import { requestIdField, validate } from "../requests/validate.ts";

const rotateRequest = z.object({ requestId: requestIdField });

/** The handlers of SecretsService. */
export function secretsHandlers({
  database,
  secrets,
  secretsKeys,
}: OperatorApiDependencies): ServiceImpl<typeof SecretsService> {
  return {
    async secretsShow() {
      const [records, { byKey, clearRequests }] = [await secretsKeysRead(database), await secretsUse(database)];
      const next = records.find(({ state }) => state === "next");
      return {
        keys: records.map(({ keyId, state, madeAt, stateSince }) => ({
          id: keyId,
          state,
          madeAt: timestampFromDate(madeAt),
          stateSince: timestampFromDate(stateSince),
          ...byKey.get(keyId),
        })),
        lacking: next === undefined ? [] : await secretsKeyLacking(database, next.keyId),
        clearRequests,
        problem: secrets.problem() ?? "",
      };
    },

    async secretsRotate(request) {
      const { requestId } = validate(rotateRequest, request);
      const command = {
        requestId,
        command: "secrets_rotate",
        bodyDigests: secretDigests(secrets, SecretsRotateRequestSchema, request),
      };
      // Before the transaction: a key that is not taken is the next change's.
      const candidate = await secretsKeys.candidate();
      const { keyId = "" } = await secretsCommandOnce(database, command, async (tx) => ({
        keyId: await secretsKeyOfferIn(tx, candidate),
      }));
      await secretsKeys.look();
      return { keyId, keyFile: secretsKeys.keyFile };
    },
  };
}
