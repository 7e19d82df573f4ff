import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { InstallationListResponseSchema, InstallationSort } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { InstallationState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { defined } from "../../lib/defined.ts";
import { operatorClient } from "../call/client.ts";
import { pages } from "../call/pages.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { PageFlags } from "../flags/page.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { progressWords, stateWord, when } from "../show/describe.ts";
import { parseInstallationStates } from "../show/states.ts";

/** Flags of `farrier installation list`. */
export interface InstallationListFlags extends ClientFlags, WatchFlags, PageFlags {
  machine: string | undefined;
  state: readonly string[] | undefined;
  error: string | undefined;
  sort: "requested" | "finished" | undefined;
  oldestFirst: boolean | undefined;
  since: Date | undefined;
  before: Date | undefined;
}

const header = [
  "MACHINE",
  "GENERATION",
  "STATE",
  { title: "ASKED FOR", whole: true },
  { title: "DETAIL", wrapped: true },
];

/** `farrier installation list` */
export async function installationListAction(this: CliContext, flags: InstallationListFlags): Promise<void> {
  const query = {
    machine: flags.machine ?? "",
    states: parseInstallationStates(flags.state ?? []),
    error: flags.error ?? "",
    sort: flags.sort === "finished" ? InstallationSort.FINISHED : InstallationSort.UNSPECIFIED,
    oldestFirst: flags.oldestFirst ?? false,
    ...defined({
      from: flags.since && timestampFromDate(flags.since),
      before: flags.before && timestampFromDate(flags.before),
    }),
  };
  const { installations } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages({ ...flags, limit: flags.limit ?? 100 }, async (page) => {
      const response = await installations.installationList({ ...query, ...page });
      return { items: response.installations, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: InstallationListResponseSchema,
      message: create(InstallationListResponseSchema, { installations: items, nextPageToken }),
      names: () => items.map(({ machineId, machineName }) => machineName || machineId),
      text: ({ table, now }) =>
        items.length === 0
          ? ""
          : table(
              header,
              items.map(({ machineId, machineName, installation }) => [
                machineName || machineId,
                String(installation?.generation ?? "-"),
                installation === undefined ? "-" : stateWord(installation.state),
                when(installation?.requestedAt, now),
                installation?.state === InstallationState.PENDING
                  ? progressWords(installation)
                  : (installation?.error ?? ""),
              ]),
            ),
      note: items.length === 0 ? "no such installations" : more,
    });
  });
}
