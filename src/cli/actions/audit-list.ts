import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { AuditListResponseSchema, AuditResult } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { defined } from "../../lib/defined.ts";
import { operatorClient } from "../call/client.ts";
import { pages } from "../call/pages.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { PageFlags } from "../flags/page.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { when } from "../show/describe.ts";

/** Flags of `farrier audit list`. */
export interface AuditListFlags extends ClientFlags, WatchFlags, PageFlags {
  machine: string | undefined;
  actor: string | undefined;
  method: readonly string[] | undefined;
  result: "ok" | "refused" | undefined;
  since: Date | undefined;
  before: Date | undefined;
}

const results = { ok: AuditResult.OK, refused: AuditResult.REFUSED } as const;

/** `farrier audit list` */
export async function auditListAction(this: CliContext, flags: AuditListFlags): Promise<void> {
  const { access } = await operatorClient(flags, this.process.env);
  const query = {
    machine: flags.machine ?? "",
    actor: flags.actor ?? "",
    methods: [...(flags.method ?? [])],
    result: flags.result === undefined ? AuditResult.UNSPECIFIED : results[flags.result],
    ...defined({
      from: flags.since && timestampFromDate(flags.since),
      before: flags.before && timestampFromDate(flags.before),
    }),
  };
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages({ ...flags, limit: flags.limit ?? 100 }, async (page) => {
      const response = await access.auditList({ ...query, ...page });
      return { items: response.entries, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: AuditListResponseSchema,
      message: create(AuditListResponseSchema, { entries: items, nextPageToken }),
      names: () => items.map(({ requestId }) => requestId),
      text: ({ table, now }) =>
        items.length === 0
          ? ""
          : table(
              [
                { title: "AT", whole: true },
                "WHO",
                "WHAT",
                "MACHINE",
                "FROM",
                "CODE",
                { title: "MESSAGE", wrapped: true },
              ],
              items.map((entry) => [
                when(entry.at, now),
                entry.actor,
                entry.method.split("/").at(-1) ?? entry.method,
                entry.machineName || entry.machine || "-",
                entry.address || "-",
                entry.code,
                entry.message,
              ]),
            ),
      note: items.length === 0 ? "nothing was done" : more,
    });
  });
}
