import { z } from "zod";

const timePattern = /^(?<at>\d{1,16})-(?<id>[0-9a-f-]{1,36})$/u;

/** The error for a page token that is not one of this server's. */
export const pageTokenMessage =
  "expected next_page_token of the previous page, unchanged, or nothing for the first page";

/**
 * Validates a page token made of a time and an id, as {@link timePageToken} writes it. `read` parses the id, or returns
 * undefined.
 */
export function timePageTokenField<Id>(
  read: (id: string) => Id | undefined,
): z.ZodType<{ atMicroseconds: bigint; id: Id } | undefined, string> {
  return z.string().transform((token, context) => {
    if (token === "") {
      return undefined;
    }
    const groups = timePattern.exec(token)?.groups;
    const id = read(groups?.["id"] ?? "");
    if (groups === undefined || id === undefined) {
      context.addIssue({ code: "custom", message: pageTokenMessage });
      return z.NEVER;
    }
    return { atMicroseconds: BigInt(groups["at"] ?? 0), id };
  });
}

/** The token of the page after a cursor; "" after the last page. */
export function timePageToken(cursor: { atMicroseconds: bigint; id: unknown } | undefined): string {
  return cursor === undefined ? "" : `${cursor.atMicroseconds}-${String(cursor.id)}`;
}

/** Cuts a page of `size` entries out of up to `size` + 1, and gives the last entry's cursor if there are more. */
export function pageOf<Entry extends { cursor: unknown }>(
  entries: readonly Entry[],
  size: number,
): { page: readonly Entry[]; next: Entry["cursor"] | undefined } {
  const page = entries.slice(0, size);
  return { page, next: entries.length > size ? page.at(-1)?.cursor : undefined };
}
