import { create } from "@bufbuild/protobuf";
import { ConsoleSessionListResponseSchema } from "../../../gen/farrier/operator/v1/console_pb.ts";
import { operatorClient } from "../call/client.ts";
import { pages } from "../call/pages.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { PageFlags } from "../flags/page.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { when } from "../show/describe.ts";
import { until } from "../show/until.ts";
import { roleWords } from "../../contract/words/role.ts";
import { wordOf } from "../../contract/words/table.ts";

/** Flags of `farrier console-session list`. */
export interface ConsoleSessionListFlags extends ClientFlags, WatchFlags, PageFlags {}

/** `farrier console-session list` */
export async function consoleSessionListAction(this: CliContext, flags: ConsoleSessionListFlags): Promise<void> {
  const { console: service } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages(flags, async (page) => {
      const response = await service.consoleSessionList(page);
      return { items: response.sessions, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: ConsoleSessionListResponseSchema,
      message: create(ConsoleSessionListResponseSchema, { sessions: items, nextPageToken }),
      names: () => items.map(({ id }) => id),
      text: ({ table, now }) =>
        items.length === 0
          ? ""
          : table(
              ["ID", "NAME", "ROLE", "ADDRESS", "STARTED", "LAST USED", "EXPIRES", "BROWSER"],
              items.map((session) => [
                session.id,
                session.name,
                wordOf(roleWords, session.role) ?? `role ${String(session.role)}`,
                session.address,
                when(session.startedAt, now),
                when(session.lastUsedAt, now),
                until(session.expiresAt),
                session.userAgent,
              ]),
            ),
      note: items.length === 0 ? "no browser is signed in: `farrier console` signs one in" : more,
    });
  });
}
