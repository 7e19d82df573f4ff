import { sql } from "kysely";
import type { Actor } from "../../actor.ts";
import type { Database } from "../../connect.ts";
import { historyAppend } from "../../history.ts";
import { generation as toGeneration, type Generation, type MachineId } from "../../ids.ts";
import { operatorCommandOnce } from "../../operator-command-once.ts";
import type { CommandAnswer, CommandOutcome, OperatorCommand } from "../../operator-command.ts";
import type { Tx } from "../../transaction.ts";
import { defined } from "../../../lib/defined.ts";
import { installationFacts, installationRequestAllowed, type InstallationOrder } from "./installation-facts.ts";
import { cameUpExpect, type CameUpExpectation } from "../came-up/came-up-expect.ts";
import { retryBegin, retryForget } from "./installation-retry-budget.ts";
import { installationStanding } from "./installation-standing.ts";

/**
 * Requests an installation, once per request id: takes the next generation, serialises the message with it and stores
 * it. A repeated command gets the same generation and the first `answer`, however the installation went on.
 * @throws {DatabaseError} `not_found`; `refused` while another generation is pending that `replace` does not name, if
 * the one it names is not pending, if the given generation is not greater than the last, or in quarantine;
 * `request_id_reused`; and what `check` and `hold` throw
 */
export async function installationRequest(
  database: Database,
  request: OperatorCommand &
    InstallationOrder & {
      origin?: InstallationOrigin;
      expect?: CameUpExpectation;
      answer?: CommandAnswer;
      /** Runs first, with the machine locked; what it throws refuses the request. */
      hold?: (tx: Tx) => Promise<void>;
    },
): Promise<CommandOutcome & { generation: Generation }> {
  const { machineId } = request;
  const { generation, answer } = await operatorCommandOnce(database, request, async (tx) => {
    await request.hold?.(tx);
    const standing = await installationStanding(tx, machineId);
    installationRequestAllowed(standing, request);
    request.check?.(await installationFacts(tx, machineId, standing));
    const next = request.generation ?? toGeneration(standing.lastGeneration + 1n);
    await installationRequestWrite(tx, {
      machineId,
      actor: request.actor,
      generation: next,
      raw: request.serialise(next),
      digest: request.digest ?? null,
      replaced: standing.pending,
      origin: request.origin ?? "none",
      detail: {
        ...request.detail,
        ...(request.retry === undefined ? {} : { retries: request.retry.attempts }),
      },
    });
    if (request.expect !== undefined) {
      await cameUpExpect(tx, machineId, next, request.expect);
    }
    if (request.retry !== undefined) {
      await retryBegin(tx, machineId, next, request.retry);
    }
    return { generation: next, ...defined({ answer: request.answer }) };
  });
  return { generation: toGeneration(generation), ...defined({ answer }) };
}

/** By what of the catalogue a request was made. */
export interface InstallationOrigin {
  image: { name: string; version: number };
  profile?: { name: string; version: number };
}

async function originWrite(
  tx: Tx,
  { machineId, generation, origin }: Parameters<typeof installationRequestWrite>[1],
): Promise<void> {
  if (origin === "same") {
    await tx
      .updateTable("machine_installation_profile")
      .set({ generation })
      .where("machine_id", "=", machineId)
      .execute();
    return;
  }
  await tx.deleteFrom("machine_installation_profile").where("machine_id", "=", machineId).execute();
  if (origin !== "none") {
    await tx
      .insertInto("machine_installation_profile")
      .values({
        machine_id: machineId,
        generation,
        image_name: origin.image.name,
        image_version: origin.image.version,
        profile_name: origin.profile?.name ?? null,
        profile_version: origin.profile?.version ?? null,
      })
      .execute();
  }
}

/** Stores a request as a new generation, without a retry budget. The machine must be locked. */
export async function installationRequestWrite(
  tx: Tx,
  request: {
    machineId: MachineId;
    actor: Actor;
    generation: Generation;
    raw: Uint8Array;
    digest: string | null;
    /** The pending generation that it replaces. */
    replaced: Generation | null;
    detail: Record<string, unknown>;
    /** `same`: it repeats the machine's request before. */
    origin: InstallationOrigin | "none" | "same";
  },
): Promise<void> {
  const { machineId, actor, generation, replaced, detail } = request;
  const row = {
    generation,
    os_installation_request_raw: Buffer.from(request.raw),
    digest: request.digest,
    requested_at: sql<Date>`now()`,
  };
  await tx
    .insertInto("machine_os_installation_request")
    .values({ machine_id: machineId, ...row })
    .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
    .execute();
  await tx
    .deleteFrom("machine_os_installation_run")
    .where("machine_id", "=", machineId)
    .where("generation", "<", generation)
    .execute();
  await retryForget(tx, machineId);
  await originWrite(tx, request);
  await historyAppend(tx, [
    ...(replaced === null
      ? []
      : [
          {
            machineId,
            actor,
            event: "installation_replaced" as const,
            generation: replaced,
            detail: { by: String(generation) },
          },
        ]),
    { machineId, actor, event: "installation_requested", generation, detail },
  ]);
}
