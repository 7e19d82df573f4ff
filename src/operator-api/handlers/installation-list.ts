import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { z } from "zod";
import type {
  InstallationEntrySchema,
  InstallationListRequest,
  InstallationListResponseSchema,
} from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { InstallationState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { machineId as toMachineId } from "../../database/ids.ts";
import {
  installationList,
  installationPast,
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
import { machineField, pageSizeField, validate } from "../requests/validate.ts";

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
  })
  .refine(({ machine, states }) => machine === undefined || states.length === 0, {
    path: ["states"],
    message: "expected none together with machine: all of its generations are listed",
  });

type Entry = MessageInitShape<typeof InstallationEntrySchema>;
type Response = MessageInitShape<typeof InstallationListResponseSchema>;

/** Lists the newest request of each machine, or all requests of one. */
export function installationListHandler({ database, secrets }: OperatorApiDependencies) {
  return async (request: InstallationListRequest): Promise<Response> => {
    const { machine, states, pageSize: limit, pageToken } = validate(listRequest, request);
    if (machine !== undefined) {
      const machineId = await machineOf(database, machine);
      const query = { machineId };
      const [before] = queryTokenRead(query, pageToken, ([one, ...rest]) => isCount(one) && rest.length === 0) ?? [];
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
    const query = { states };
    const token = queryTokenRead(
      query,
      pageToken,
      ([at, id = "", ...rest]) => isCount(at) && isUuid(id) && rest.length === 0,
    );
    const [requestedAt = "", id = ""] = token ?? [];
    const { machines, next } = await installationList(database, {
      states,
      limit,
      ...(token === undefined ? {} : { after: { requestedAt, machineId: toMachineId(id) } }),
    });
    return {
      installations: machines.flatMap((record) => newestMessage(recordOpened(secrets, record))),
      nextPageToken: queryToken(query, next === undefined ? undefined : [next.requestedAt, next.machineId]),
    };
  };
}

function newestMessage({ machineId, name, installation }: MachineRecord): Entry[] {
  return installation === undefined
    ? []
    : [{ machineId, machineName: name ?? "", installation: installationMessage(installation) }];
}

function pastMessage(past: InstallationPast, machineId: string, record: MachineRecord | undefined): Entry {
  const { generation, requestedAt, final, replacedBy } = past;
  const named = { machineId, machineName: record?.name ?? "" };
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
