import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { z } from "zod";
import {
  MachineChangeSchema,
  type MachineChange as ChangeMessage,
  type MachineWatchRequest,
  type MachineWatchResponseSchema,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { isUuid, machineId as toMachineId } from "../../database/ids.ts";
import { machinesShow } from "../../database/queries/machine.ts";
import {
  changesPosition,
  machineChanges,
  type ChangeCursor,
  type MachineChange,
} from "../../database/queries/machine-changes.ts";
import type { Database } from "../../database/connect.ts";
import { systemClock } from "../../lib/clock.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { machineMessage } from "../machine-message.ts";
import { isCount, tokenParts } from "../query-token.ts";
import { validate } from "../validate.ts";

/** Machines told of in one message: all that a slow reader's stream ever holds. */
const batch = 100;
/** Milliseconds between looks while nothing is heard of. */
const pollInterval = 2_000;
/** The same while transactions under way hold up what has changed. */
const behindInterval = 50;
/** Milliseconds between signs of life. */
const keepaliveInterval = 15_000;
/** Milliseconds that a reader may take for one message. */
const slowAfter = 30_000;

const watchRequest = z
  .object({ cursor: z.string(), includeExisting: z.boolean() })
  .refine(({ cursor, includeExisting }) => cursor === "" || !includeExisting, {
    path: ["includeExisting"],
    message: "expected not to be set beside cursor, which says where to begin",
  });

type Response = MessageInitShape<typeof MachineWatchResponseSchema>;

/**
 * Tells of machines that change, until the caller hangs up. It holds a page of changes at most: what a slow reader has not
 * taken yet stays in the database, of each machine the newest alone.
 */
export function machineWatchHandler({ database, feed, clock = systemClock }: OperatorApiDependencies) {
  return async function* machineWatch(
    request: MachineWatchRequest,
    context: Pick<HandlerContext, "signal">,
  ): AsyncGenerator<Response> {
    const { cursor, includeExisting } = validate(watchRequest, request);
    const { origin, now, start } = await changesPosition(database);
    let at = cursor === "" ? (includeExisting ? start : now) : cursorRead(cursor, origin, now);
    // At once: who asks for nothing old learns from where on it is told.
    yield { cursor: cursorText(at) };
    let told = clock.monotonic();
    while (!context.signal.aborted) {
      const heard = feed.next();
      const { changes, behind } = await machineChanges(database, at, batch);
      const last = changes.at(-1);
      if (last !== undefined || clock.monotonic() - told >= keepaliveInterval) {
        at = last?.cursor ?? at;
        const message = { changes: await changeMessages(database, changes), cursor: cursorText(at) };
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
      if (changes.length < batch) {
        await heard.wait(behind ? behindInterval : pollInterval, context.signal);
      }
    }
  };
}

async function changeMessages(database: Database, changes: readonly MachineChange[]): Promise<ChangeMessage[]> {
  const alive = changes.filter(({ deleted }) => !deleted).map(({ machineId }) => machineId);
  const records = new Map((await machinesShow(database, alive)).map((record) => [record.machineId, record]));
  return changes.flatMap(({ machineId, deleted }) => {
    if (deleted) {
      return [create(MachineChangeSchema, { change: { case: "deletedMachineId", value: machineId } })];
    }
    const record = records.get(machineId);
    // Deleted meanwhile: that is a change of its own.
    return record === undefined
      ? []
      : [create(MachineChangeSchema, { change: { case: "machine", value: machineMessage(record) } })];
  });
}

function cursorText({ origin, xact, machineId, since }: ChangeCursor): string {
  return Buffer.from(JSON.stringify([origin, String(xact), machineId, String(since)])).toString("base64url");
}

function cursorRead(text: string, origin: string, now: ChangeCursor): ChangeCursor {
  const [of, xact = "", machineId = "", since = "", ...rest] = tokenParts(text) ?? [];
  if (of === undefined || !isCount(xact) || !isUuid(machineId) || !isCount(since) || rest.length > 0) {
    throw new ConnectError(
      "cursor: expected the cursor of an earlier answer, unchanged, or nothing",
      Code.InvalidArgument,
    );
  }
  if (of !== origin || BigInt(xact) > now.xact) {
    throw new ConnectError(
      "cursor: belongs to another database, or to this one before it was restored: watch with include_existing instead",
      Code.FailedPrecondition,
    );
  }
  return { origin, xact: BigInt(xact), machineId: toMachineId(machineId), since: BigInt(since) };
}
