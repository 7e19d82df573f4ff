import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { z } from "zod";
import {
  MachineChangeSchema,
  type MachineChange as ChangeMessage,
  type MachineWatchRequest,
  type MachineWatchResponseSchema,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { machineId as toMachineId } from "../../database/ids.ts";
import { machinesShow } from "../../database/queries/machine/machine-show.ts";
import {
  changesPosition,
  isSnapshot,
  machineChanges,
  snapshotEnd,
  type ChangeCursor,
  type MachineChange,
  type SnapshotText,
} from "../../database/queries/views/machine-changes.ts";
import { systemClock } from "../../lib/clock.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { machineMessage } from "../messages/machine-message.ts";
import { isCount, tokenParts } from "../caller/query-token.ts";
import { validate } from "../requests/validate.ts";

/** Maximum number of machines in one message, which bounds what a slow reader's stream holds. */
const batch = 100;
/** Milliseconds between two polls without notifications. */
const pollInterval = 2_000;
/** Milliseconds between two keepalive messages. */
const keepaliveInterval = 15_000;
/** Milliseconds that a reader may take for one message; a slower one must reconnect with its cursor. */
const slowAfter = 30_000;

const watchRequest = z
  .object({ cursor: z.string(), includeExisting: z.boolean() })
  .refine(({ cursor, includeExisting }) => cursor === "" || !includeExisting, {
    path: ["includeExisting"],
    message: "expected to be unset together with cursor, which says where to begin",
  });

type Response = MessageInitShape<typeof MachineWatchResponseSchema>;

/**
 * Streams machines that change, until the caller hangs up. It holds at most one page of changes. Changes that a slow
 * reader has not taken yet stay in the database, only the newest of each machine.
 */
export function machineWatchHandler({
  database,
  secrets,
  feed,
  clock = systemClock,
  stopping,
}: OperatorApiDependencies) {
  return async function* machineWatch(
    request: MachineWatchRequest,
    context: Pick<HandlerContext, "signal">,
  ): AsyncGenerator<Response> {
    const { cursor, includeExisting } = validate(watchRequest, request);
    const { origin, snapshot, now, start } = await changesPosition(database);
    let at = cursor === "" ? (includeExisting ? start : now) : cursorRead(cursor, origin, snapshot);
    // Sent at once: a caller that skips existing machines learns where its watch begins.
    yield { cursor: cursorText(at) };
    let told = clock.monotonic();
    const end = stopping === undefined ? context.signal : AbortSignal.any([context.signal, stopping]);
    while (!end.aborted) {
      const heard = feed.next();
      const { changes, cursor: next, more } = await machineChanges(database, at, batch);
      at = next;
      if (changes.length > 0 || clock.monotonic() - told >= keepaliveInterval) {
        const message = { changes: await changeMessages({ database, secrets }, changes), cursor: cursorText(at) };
        const sent = clock.monotonic();
        yield message;
        told = clock.monotonic();
        if (told - sent > slowAfter) {
          throw new ConnectError(
            `this reader took longer than ${slowAfter / 1000} s for a message: watch again from the last cursor, nothing is lost`,
            Code.ResourceExhausted,
          );
        }
      }
      if (!more) {
        await heard.wait(pollInterval, end);
      }
    }
  };
}

async function changeMessages(
  { database, secrets }: Pick<OperatorApiDependencies, "database" | "secrets">,
  changes: readonly MachineChange[],
): Promise<ChangeMessage[]> {
  const alive = changes.filter(({ deleted }) => !deleted).map(({ machineId }) => machineId);
  const records = new Map((await machinesShow(database, alive)).map((record) => [record.machineId, record]));
  return changes.flatMap(({ machineId, deleted }) => {
    if (deleted) {
      return [create(MachineChangeSchema, { change: { case: "deletedMachineId", value: machineId } })];
    }
    const record = records.get(machineId);
    // Deleted meanwhile; the deletion is a change of its own.
    return record === undefined
      ? []
      : [create(MachineChangeSchema, { change: { case: "machine", value: machineMessage(record, secrets) } })];
  });
}

function cursorText({ origin, from, to, deletedFrom }: ChangeCursor): string {
  const position = to === undefined ? [] : [to.snapshot, String(to.xact), to.machineId];
  return Buffer.from(JSON.stringify([origin, from, deletedFrom, ...position])).toString("base64url");
}

/** Snapshots list the running transactions, at most one per connection. */
const cursorLimit = 65_536;

function cursorRead(text: string, origin: string, now: SnapshotText): ChangeCursor {
  const [of, from = "", deletedFrom = "", ...position] = tokenParts(text, cursorLimit) ?? [];
  const [snapshot = "", xact = "", machineId = "", ...rest] = position;
  const known = position.length === 0 ? [from, deletedFrom] : [from, deletedFrom, snapshot];
  if (
    of === undefined ||
    !known.every((one) => isSnapshot(one)) ||
    (position.length > 0 && (!isCount(xact) || !isUuid(machineId) || rest.length > 0))
  ) {
    throw new ConnectError(
      "cursor: expected the cursor of an earlier answer, unchanged, or nothing",
      Code.InvalidArgument,
    );
  }
  if (of !== origin || known.some((one) => snapshotEnd(one) > snapshotEnd(now))) {
    throw new ConnectError(
      "cursor: belongs to another database, or to this database before it was restored: watch with include_existing instead",
      Code.FailedPrecondition,
    );
  }
  const to = position.length === 0 ? {} : { to: { snapshot, xact: BigInt(xact), machineId: toMachineId(machineId) } };
  return { origin, from, deletedFrom, ...to };
}
