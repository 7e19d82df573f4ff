import type { PageFlags } from "../flags/page.ts";

/** Items in one call: the maximum that the contract allows. */
const pageSize = 1000;

/** Items of several pages. */
export interface Pages<Item> {
  items: Item[];
  /** The token of the next page; empty after the last one. */
  nextPageToken: string;
  /** A note for people about how to see the rest; undefined after the last page. */
  more: string | undefined;
}

/** Calls for page after page, until there are `limit` items or no more pages. */
export async function pages<Item>(
  { limit = Infinity, pageToken = "" }: { [Name in keyof PageFlags]?: PageFlags[Name] },
  call: (page: { pageSize: number; pageToken: string }) => Promise<{ items: Item[]; nextPageToken: string }>,
): Promise<Pages<Item>> {
  const items: Item[] = [];
  let next = pageToken;
  do {
    const page = await call({ pageSize: Math.min(pageSize, limit - items.length), pageToken: next });
    items.push(...page.items);
    next = page.nextPageToken;
  } while (next !== "" && items.length < limit);
  const more = next === "" ? undefined : `there is more: --limit N shows it, --page-token ${next} goes on from here`;
  return { items, nextPageToken: next, more };
}
