import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { z } from "zod";
import {
  InstallationSort as SortMessage,
  type InstallationEntrySchema,
  type InstallationListRequest,
  type InstallationListResponseSchema,
} from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { InstallationState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { machineId as toMachineId } from "../../database/ids.ts";
import {
  installationList,
  installationPast,
  installationsRequestedBy,
  type InstallationSort,
  type InstallationPast,
} from "../../database/queries/views/installation-list.ts";
import { machineShow } from "../../database/queries/machine/machine-show.ts";
import type { MachineRecord } from "../../database/queries/views/machine-record.ts";
import { installationResults, installationResultValues } from "../../contract/words/installation-state.ts";
import { wordOf } from "../../contract/words/table.ts";
import { withoutUrlSecrets } from "../../lib/net/shown-url.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { recordOpened } from "../messages/record-opened.ts";
import { installationMessage } from "../messages/machine-message.ts";
import { machineOf } from "../requests/machine-reference.ts";
import { isCount, queryToken, queryTokenRead } from "../caller/query-token.ts";
import { defined } from "../../lib/defined.ts";
import { machineField, pageSizeField, text, timeField, validate } from "../requests/validate.ts";

const sorts: ReadonlyMap<number, InstallationSort> = new Map<number, InstallationSort>([
  [SortMessage.UNSPECIFIED, "requested"],
  [SortMessage.REQUESTED, "requested"],
  [SortMessage.FINISHED, "finished"],
]);

const listRequest = z
  .object({
    machine: z.string().transform((value, context) => {
      if (value === "") {
        return undefined;
      }
      const result = machineField.safeParse(value);
      if (!result.success) {
        context.addIssue({ code: "custom", message: result.error.issues[0]?.message ?? "is not valid" });
        return z.NEVER;
      }
      return result.data;
    }),
    states: z
      .array(z.number())
      .refine(
        (states) => states.every((state) => wordOf(installationResults, state) !== undefined),
        "this server knows no such state",
      )
      .transform((states) => states.flatMap((state) => wordOf(installationResults, state) ?? [])),
    pageSize: pageSizeField,
    pageToken: z.string(),
    sort: z
      .number()
      .refine((sort) => sorts.has(sort), "this server knows no such order")
      .transform((sort) => sorts.get(sort) ?? "requested"),
    oldestFirst: z.boolean(),
    from: timeField,
    before: timeField,
    error: text(256),
  })
  .superRefine(({ machine, states, sort, oldestFirst, from, before, error }, context) => {
    const given = {
      states: states.length > 0,
      sort: sort !== "requested",
      oldestFirst,
      from: from !== undefined,
      before: before !== undefined,
      error: error !== "",
    };
    for (const [field, is] of Object.entries(given)) {
      if (machine !== undefined && is) {
        const message = "expected nothing together with machine: all of its generations are listed, newest first";
        context.addIssue({ code: "custom", path: [field], message });
      }
    }
  });

type Entry = MessageInitShape<typeof InstallationEntrySchema>;
type Response = MessageInitShape<typeof InstallationListResponseSchema>;

/** Lists the newest request of each machine, or all requests of one. */
export function installationListHandler({ database, secrets }: OperatorApiDependencies) {
  return async (request: InstallationListRequest): Promise<Response> => {
    const { machine, pageSize: limit, pageToken, from, before: until, ...rest } = validate(listRequest, request);
    if (machine !== undefined) {
      const machineId = await machineOf(database, machine);
      const query = { machineId };
      const [before] =
        queryTokenRead(query, pageToken, ([one, ...others]) => isCount(one) && others.length === 0) ?? [];
      const past = await installationPast(database, machineId, {
        limit: limit + 1,
        ...(before === undefined ? {} : { before: BigInt(before) }),
      });
      // The machine was deleted or never existed: only its history may know it.
      const stored = await machineShow(database, machineId).catch((error: unknown) =>
        past.length > 0 || before !== undefined ? undefined : Promise.reject(error as Error),
      );
      const record = stored === undefined ? undefined : recordOpened(secrets, stored);
      const page = past.slice(0, limit);
      const last = past.length > limit ? page.at(-1) : undefined;
      return {
        installations: page.map((entry) => pastMessage(entry, machineId, record)),
        nextPageToken: queryToken(query, last === undefined ? undefined : [String(last.generation)]),
      };
    }
    const query = { ...rest, ...defined({ from, before: until }) };
    const token = queryTokenRead(
      query,
      pageToken,
      ([at, id = "", ...others]) => isCount(at) && isUuid(id) && others.length === 0,
    );
    const [at = "", id = ""] = token ?? [];
    const { machines, next } = await installationList(database, {
      ...query,
      limit,
      ...(token === undefined ? {} : { after: { at, machineId: toMachineId(id) } }),
    });
    const requestedBy = await installationsRequestedBy(
      database,
      machines.flatMap(({ machineId, installation }) =>
        installation === undefined ? [] : { machineId, ...installation },
      ),
    );
    return {
      installations: machines.flatMap((record) =>
        newestMessage(recordOpened(secrets, record), requestedBy.get(record.machineId) ?? ""),
      ),
      nextPageToken: queryToken(query, next === undefined ? undefined : [next.at, next.machineId]),
    };
  };
}

function newestMessage({ machineId, name, installation }: MachineRecord, requestedBy: string): Entry[] {
  return installation === undefined
    ? []
    : [{ machineId, machineName: name ?? "", installation: installationMessage(installation), requestedBy }];
}

function pastMessage(past: InstallationPast, machineId: string, record: MachineRecord | undefined): Entry {
  const { generation, requestedAt, requestedBy, final, replacedBy } = past;
  const named = { machineId, machineName: record?.name ?? "", requestedBy };
  if (record?.installation?.generation === generation) {
    return { ...named, installation: installationMessage(record.installation) };
  }
  return {
    ...named,
    installation: {
      generation,
      requestedAt: timestampFromDate(requestedAt),
      // The request that replaced it ended it.
      state: final === undefined ? InstallationState.CANCELLED : installationResultValues[final.result],
      ...(final === undefined
        ? {}
        : { finishedAt: timestampFromDate(final.at), error: withoutUrlSecrets(final.error) }),
      ...(replacedBy === undefined ? {} : { error: `replaced by generation ${replacedBy}` }),
    },
  };
}
