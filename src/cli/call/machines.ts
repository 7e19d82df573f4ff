import type { Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { OperatorClient } from "./client.ts";

/** Machines in one call: the maximum that the contract allows. */
const pageSize = 1000;

/** Yields all machines with the labels, page by page, up to `limit`. */
export async function* machinePages(
  { machines }: OperatorClient,
  { labels, limit = Infinity }: { labels: Record<string, string>; limit?: number | undefined },
): AsyncGenerator<Machine[]> {
  let pageToken = "";
  let left = limit;
  do {
    const page = await machines.machineList({ labels, pageToken, pageSize: Math.min(pageSize, left) });
    yield page.machines;
    left -= page.machines.length;
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && left > 0);
}
