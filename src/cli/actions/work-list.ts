import { create } from "@bufbuild/protobuf";
import { WorkListResponseSchema } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { operatorClient } from "../call/client.ts";
import { pages } from "../call/pages.ts";
import type { CliContext } from "../context.ts";
import type { WorkFlags } from "../flags/work.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { when } from "../show/describe.ts";

/** Flags of `farrier work list`. */
export type WorkListFlags = WorkFlags;

/** `farrier work list` */
export async function workListAction(this: CliContext, flags: WorkListFlags): Promise<void> {
  const { fleet } = await operatorClient(flags, this.process.env);
  const query = { machine: flags.machine ?? "", process: flags.process ?? "" };
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages(flags, async (page) => {
      const response = await fleet.workList({ ...query, ...page });
      return { items: response.work, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: WorkListResponseSchema,
      message: create(WorkListResponseSchema, { work: items, nextPageToken }),
      names: () => items.map(({ machineId, machineName }) => machineName || machineId),
      text: ({ table, now }) =>
        items.length === 0
          ? ""
          : table(
              ["MACHINE", "PROCESS", { title: "SINCE", whole: true }, "COMPONENT", "SESSION"],
              items.map((work) => [
                work.machineName || work.machineId,
                work.process,
                when(work.startedAt, now),
                work.component,
                work.sessionId,
              ]),
            ),
      note: items.length === 0 ? "no machine is worked on" : more,
    });
  });
}
