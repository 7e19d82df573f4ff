import { create } from "@bufbuild/protobuf";
import { CredentialListResponseSchema } from "../../../gen/farrier/operator/v1/credential_pb.ts";
import { operatorClient } from "../call/client.ts";
import { pages } from "../call/pages.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { PageFlags } from "../flags/page.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { credentialKindWords } from "../../contract/words/credential-kind.ts";
import { wordOf } from "../../contract/words/table.ts";
import { when } from "../show/describe.ts";

/** Flags of `farrier credential list`. */
export interface CredentialListFlags extends ClientFlags, WatchFlags, PageFlags {}

/** `farrier credential list` */
export async function credentialListAction(this: CliContext, flags: CredentialListFlags): Promise<void> {
  const { credentials } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages(flags, async (page) => {
      const response = await credentials.credentialList(page);
      return { items: response.credentials, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: CredentialListResponseSchema,
      message: create(CredentialListResponseSchema, { credentials: items, nextPageToken }),
      names: () => items.map(({ name }) => name),
      text: ({ table, now }) =>
        items.length === 0
          ? ""
          : table(
              ["NAME", "KIND", "USER", { title: "FOR", wrapped: true }, "MADE", "BY", "ROTATED", "SEALED BY"],
              items.map((item) => [
                item.name,
                wordOf(credentialKindWords, item.kind) ?? `kind ${String(item.kind)}`,
                item.userName,
                item.allowed.join(", "),
                when(item.createdAt, now),
                item.createdBy,
                item.changePending ? "change pending" : when(item.rotatedAt, now),
                item.keyLost ? `${item.keyId}, lost: store it again with credential rotate` : item.keyId,
              ]),
            ),
      note: items.length === 0 ? "no credentials: `farrier credential create --help` says how to store one" : more,
    });
  });
}
