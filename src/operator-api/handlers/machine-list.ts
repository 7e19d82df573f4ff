import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { z } from "zod";
import {
  MachineSort as SortMessage,
  type MachineListRequest,
  type MachineListResponseSchema,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { databaseTime } from "../../database/queries/views/database-time.ts";
import { machineStates } from "../../database/machine-state.ts";
import { machineList } from "../../database/queries/views/machine-list.ts";
import {
  machineCursorLength,
  type MachineListCursor,
  type MachineSort,
} from "../../database/queries/views/machine-list-order.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { machineMessage } from "../messages/machine-message.ts";
import { isCount, queryToken, queryTokenRead } from "../caller/query-token.ts";
import { machineFilterFields } from "../requests/machine-filter.ts";
import { pageSizeField, validate } from "../requests/validate.ts";

const sorts: ReadonlyMap<number, MachineSort> = new Map<number, MachineSort>([
  [SortMessage.UNSPECIFIED, "id"],
  [SortMessage.ID, "id"],
  [SortMessage.NAME, "name"],
  [SortMessage.CREATED, "created"],
  [SortMessage.STATE, "state"],
  [SortMessage.SINCE, "since"],
]);

const listRequest = z.object({
  ...machineFilterFields,
  pageSize: pageSizeField,
  pageToken: z.string(),
  sort: z
    .number()
    .refine((sort) => sorts.has(sort), "this server knows no such order")
    .transform((sort) => sorts.get(sort) ?? "id"),
  descending: z.boolean(),
});

/** Whether a token's strings are valid columns of this order: names, states and times, with the id last. */
function cursorValid(sort: MachineSort, cursor: readonly string[]): cursor is MachineListCursor {
  if (cursor.length !== machineCursorLength(sort) || !isUuid(cursor.at(-1) ?? "")) {
    return false;
  }
  switch (sort) {
    case "id":
    case "name":
      return true;
    case "created":
    case "since":
      return isCount(cursor[0]);
    case "state":
      return machineStates.some((state) => state === cursor[0]) && isCount(cursor[1]);
  }
}

/** Lists machines, filtered and sorted, page by page. */
export function machineListHandler({ database, secrets }: OperatorApiDependencies) {
  return async (request: MachineListRequest): Promise<MessageInitShape<typeof MachineListResponseSchema>> => {
    const { pageSize, pageToken, ...query } = validate(listRequest, request);
    const asked = {
      ...query,
      labels: Object.entries(query.labels).toSorted(([one], [other]) => (one < other ? -1 : 1)),
    };
    const after = queryTokenRead(asked, pageToken, (cursor) => cursorValid(query.sort, cursor));
    const at = await databaseTime(database);
    const { machines, next } = await machineList(database, {
      ...query,
      limit: pageSize,
      ...(after === undefined ? {} : { after: after as MachineListCursor }),
    });
    return {
      at: timestampFromDate(at),
      machines: machines.map((record) => machineMessage(record, secrets)),
      nextPageToken: queryToken(asked, next),
    };
  };
}
