import { Code, ConnectError } from "@connectrpc/connect";
import { machineId as toMachineId } from "../../database/ids.ts";
import {
  isSnapshot,
  snapshotEnd,
  type ChangeCursor,
  type SnapshotText,
} from "../../database/queries/views/machine-changes.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { isCount, tokenParts } from "../caller/query-token.ts";

/** A cursor as callers get it. */
export function cursorText({ origin, from, to, deletedFrom }: ChangeCursor): string {
  const position = to === undefined ? [] : [to.snapshot, String(to.xact), to.machineId];
  return Buffer.from(JSON.stringify([origin, from, deletedFrom, ...position])).toString("base64url");
}

/** Snapshots list the running transactions, at most one per connection. */
const cursorLimit = 65_536;

/**
 * The cursor that a caller sends, for the database of this identity with this snapshot.
 * @throws {ConnectError} invalid_argument if it is none, failed_precondition if it is another database's
 */
export function cursorRead(text: string, origin: string, now: SnapshotText): ChangeCursor {
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
