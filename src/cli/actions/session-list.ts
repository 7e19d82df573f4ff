import { SessionListResponseSchema } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { when } from "../show/describe.ts";

/** Flags of `farrier session list`. */
export type SessionListFlags = ClientFlags & WatchFlags;

/** `farrier session list` */
export async function sessionListAction(this: CliContext, flags: SessionListFlags): Promise<void> {
  const { fleet } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const message = await fleet.sessionList({});
    const { sessions } = message;
    return answerOf({
      schema: SessionListResponseSchema,
      message,
      names: () => sessions.map(({ id }) => id),
      text: ({ table, now }) =>
        sessions.length === 0
          ? ""
          : table(
              ["ID", "COMPONENT", "STATUS", "WORK", { title: "SINCE", whole: true }, "RUNS ON"],
              sessions.map((session) => [
                session.id,
                session.component,
                session.expired ? "expired" : "ok",
                String(session.work),
                when(session.createdAt, now),
                session.runtimeInfo,
              ]),
            ),
      note: sessions.length === 0 ? "no component is alive" : undefined,
    });
  });
}
