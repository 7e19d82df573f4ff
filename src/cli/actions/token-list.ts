import { create } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { TokenListResponseSchema, type Token } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { operatorClient } from "../call/client.ts";
import { pages } from "../call/pages.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { PageFlags } from "../flags/page.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { when } from "../show/describe.ts";
import { roleWords } from "../../contract/words/role.ts";
import { wordOf } from "../../contract/words/table.ts";
import { until } from "../show/until.ts";

/** Flags of `farrier token list`. */
export interface TokenListFlags extends ClientFlags, WatchFlags, PageFlags {
  all: boolean | undefined;
}

/** `farrier token list` */
export async function tokenListAction(this: CliContext, flags: TokenListFlags): Promise<void> {
  const { access } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages(flags, async (page) => {
      const response = await access.tokenList({ all: flags.all ?? false, ...page });
      return { items: response.tokens, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: TokenListResponseSchema,
      message: create(TokenListResponseSchema, { tokens: items, nextPageToken }),
      names: () => items.map(({ name }) => name),
      text: ({ table, now }) =>
        items.length === 0
          ? ""
          : table(
              ["NAME", "ROLE", "PREFIX", "STATUS", "EXPIRES", "LAST USED", "MADE", "BY"],
              items.map((token) => [
                token.name,
                wordOf(roleWords, token.role) ?? `role ${String(token.role)}`,
                token.prefix,
                tokenStatus(token, now),
                until(token.expiresAt),
                when(token.lastUsedAt, now),
                when(token.createdAt, now),
                token.createdBy,
              ]),
            ),
      note: items.length === 0 ? "no tokens: `farrier token create --help` says how to make one" : more,
    });
  });
}

function tokenStatus({ revokedAt, expiresAt }: Token, now: Date): string {
  return revokedAt !== undefined
    ? "revoked"
    : expiresAt !== undefined && timestampDate(expiresAt) <= now
      ? "expired"
      : "ok";
}
