import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import {
  SecretsGiveUpRequestSchema,
  SecretsRotateRequestSchema,
  type SecretsService,
} from "../../../gen/farrier/operator/v1/secrets_pb.ts";
import { DatabaseError } from "../../database/errors.ts";
import {
  requestsGiveUp,
  secretsClosed,
  secretsKeysGiveUp,
  secretsKeysGone,
} from "../../database/queries/secret/secrets-give-up.ts";
import {
  secretsKeyHolders,
  secretsKeyLacking,
  secretsKeysLock,
  secretsKeysRead,
  type SecretsKeyRecord,
} from "../../database/queries/secret/secrets-key.ts";
import { secretsCommandOnce } from "../../database/queries/secret/secrets-command.ts";
import { secretsUse } from "../../database/queries/secret/secrets-show.ts";
import { unopenedFind } from "../../secrets/unopened.ts";
import { operatorKey } from "../caller/identity.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { bodyDigest } from "../requests/body-digest.ts";
import { secretDigests } from "../requests/secret-digests.ts";
import { requestIdField, validate } from "../requests/validate.ts";

const rotateRequest = z.object({ requestId: requestIdField });
const giveUpRequest = z.object({
  requestId: requestIdField,
  keyIds: z
    .array(
      z
        .string()
        .regex(/^[0-9a-f]{16}$/u, "expected the 16 hex digits of a key's id, as `farrier secrets show` lists it"),
    )
    .max(1000),
  confirmed: z.boolean(),
});

/** The handlers of SecretsService. */
export function secretsHandlers({
  database,
  secrets,
  secretsKeys,
}: OperatorApiDependencies): ServiceImpl<typeof SecretsService> {
  /**
   * Refuses a change of keys while rows are being sealed anew after the last one. Rows that do not open are no reason to
   * wait: they never will be.
   * @throws {DatabaseError} `refused`
   */
  async function sealedAnewMust(records: readonly SecretsKeyRecord[]): Promise<void> {
    const old = records.filter(({ state }) => state === "old").map(({ keyId }) => keyId);
    if (old.length === 0 || records.some(({ state }) => state === "next")) {
      return;
    }
    const { byKey } = await secretsUse(database);
    const rows = old
      .flatMap((keyId) => Object.values(byKey.get(keyId) ?? {}))
      .reduce((sum: number, count: number) => sum + count, 0);
    if (rows > (await unopenedFind(database, secrets, old, 1000)).length) {
      throw new DatabaseError(
        "refused",
        `what key ${old.join(", ")} sealed is still being sealed anew after the last change of keys: ` +
          "`farrier secrets show` says how much is left; try again once it is retired",
      );
    }
  }

  return {
    async secretsShow() {
      const records = await secretsKeysRead(database.kysely);
      const { byKey, clearRequests } = await secretsUse(database);
      const next = records.find(({ state }) => state === "next")?.keyId;
      const needed = records.filter(({ state }) => state === "current" || state === "old").map(({ keyId }) => keyId);
      const old = records.filter(({ state }) => state === "old").map(({ keyId }) => keyId);
      const unready = new Map<string, Unready>();
      for (const keyId of needed) {
        for (const process of await secretsKeyLacking(database.kysely, keyId)) {
          unready.set(process.sessionId, unready.get(process.sessionId) ?? { process, keyId });
        }
      }
      return {
        keys: records.map(({ keyId, state, madeAt, stateSince }) => ({
          id: keyId,
          state,
          madeAt: timestampFromDate(madeAt),
          stateSince: timestampFromDate(stateSince),
          ...byKey.get(keyId),
        })),
        lacking: next === undefined ? [] : await secretsKeyLacking(database.kysely, next),
        holding: next === undefined ? [] : await secretsKeyHolders(database.kysely, next),
        clearRequests,
        problem: secrets.problem() ?? secretsKeys.warning() ?? "",
        unready: [...unready.values()],
        unopened: await unopenedFind(database, secrets, old, 100),
      };
    },

    async secretsRotate(request) {
      const { requestId } = validate(rotateRequest, request);
      const command = {
        requestId,
        command: "secrets_rotate",
        bodyDigests: secretDigests(secrets, SecretsRotateRequestSchema, request),
      };
      const { keyId = "" } = await secretsCommandOnce(database, command, async (tx) => {
        await secretsKeysLock(tx);
        await sealedAnewMust(await secretsKeysRead(tx));
        return { keyId: await secretsKeys.offer(tx) };
      });
      await secretsKeys.look();
      const holding = await secretsKeyHolders(database.kysely, keyId);
      return { keyId, keyFile: secretsKeys.keyFile, held: secrets.held().includes(keyId), holding };
    },

    async secretsGiveUp(request, context) {
      const { requestId, keyIds: wanted, confirmed } = validate(giveUpRequest, request);
      // Nothing in it is secret, and this server may have no key for an HMAC.
      const bodyDigests = [bodyDigest(SecretsGiveUpRequestSchema, request)];
      const command = { requestId, command: "secrets_give_up", bodyDigests };
      const answer = await secretsCommandOnce(database, command, async (tx) => {
        await secretsKeysLock(tx);
        const gone = await secretsKeysGone(tx, wanted);
        const closed = await secretsClosed(tx, gone);
        if (confirmed) {
          await secretsKeysGiveUp(tx, gone);
        }
        return { given: JSON.stringify({ keyIds: gone, ...closed }) };
      });
      const given = givenUp.parse(JSON.parse(answer["given"] ?? ""));
      if (!confirmed) {
        return { ...given, givenUp: false };
      }
      // The same request id again resumes here.
      while ((await requestsGiveUp(database, given.keyIds, context.values.get(operatorKey))) > 0) {
        // The next hundred.
      }
      await secretsKeys.look();
      return { ...given, givenUp: true };
    },
  };
}

interface Unready {
  process: Awaited<ReturnType<typeof secretsKeyLacking>>[number];
  keyId: string;
}

/** The recorded answer of a command that gave up keys. */
const givenUp = z.object({
  keyIds: z.array(z.string()),
  credentials: z.array(z.string()),
  machines: z.array(z.string()),
  machineCount: z.int(),
  // Absent in answers that earlier versions recorded.
  images: z.array(z.string()).default([]),
  profiles: z.array(z.string()).default([]),
  rollouts: z.array(z.string()).default([]),
  webhooks: z.array(z.string()).default([]),
});
