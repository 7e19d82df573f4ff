import { create } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { BackoffListResponseSchema } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { durationText } from "../../lib/format/duration.ts";
import { operatorClient } from "../call/client.ts";
import { pages } from "../call/pages.ts";
import type { CliContext } from "../context.ts";
import type { WorkFlags } from "../flags/work.ts";
import { answerOf, answerWatched } from "../show/answer.ts";

/** Flags of `farrier backoff list`. */
export interface BackoffListFlags extends WorkFlags {
  all: boolean | undefined;
}

/** `farrier backoff list` */
export async function backoffListAction(this: CliContext, flags: BackoffListFlags): Promise<void> {
  const { fleet } = await operatorClient(flags, this.process.env);
  const query = { machine: flags.machine ?? "", process: flags.process ?? "", all: flags.all ?? false };
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages(flags, async (page) => {
      const response = await fleet.backoffList({ ...query, ...page });
      return { items: response.backoffs, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: BackoffListResponseSchema,
      message: create(BackoffListResponseSchema, { backoffs: items, nextPageToken }),
      names: () => items.map(({ machineId, machineName }) => machineName || machineId),
      text: ({ table }) =>
        items.length === 0
          ? ""
          : table(
              ["MACHINE", "PROCESS", { title: "UNTIL", whole: true }, "INTERVAL", { title: "CAUSE", wrapped: true }],
              items.map(({ machineId, machineName, process, until, intervalSeconds, cause }) => [
                machineName || machineId,
                process,
                until === undefined ? "-" : `${timestampDate(until).toISOString().slice(0, 19)}Z`,
                durationText(Number(intervalSeconds) * 1000, 1),
                cause,
              ]),
            ),
      note: items.length === 0 ? "nothing is held back" : more,
    });
  });
}
