import type { ControllerHealth } from "../../controller.ts";
import { managerOf } from "../facts.ts";
import { linkAt, listOf, linksAt, numberOf, objectOf, type JsonObject, textOf } from "../json.ts";
import type { Resource } from "../service.ts";
import type { RedfishSystem } from "../system.ts";
import type { HealthReads } from "./health-reads.ts";
import { newestEvents } from "./newest-events.ts";

/** Number of entries that are shown. */
const shown = 10;
/** Maximum number of entries that are read one by one, if a log contains only links. */
const singlesMost = 20;
/** Maximum number of logs that are looked at. */
const logsMost = 16;

/** The newest entries of the machine's event log, newest first; none if it has no log. */
export async function eventsRead(
  reads: HealthReads,
  system: RedfishSystem,
  own: Resource,
): Promise<ControllerHealth["events"]> {
  const log = await logFind(reads, system, own);
  const entries = linkAt(log?.body, "Entries");
  return entries === undefined ? [] : newestEvents(await entriesRead(reads, entries), shown);
}

/** The event log of the system, or else of its manager: one with a usual name, or else the first. */
async function logFind(reads: HealthReads, system: RedfishSystem, own: Resource): Promise<Resource | undefined> {
  const manager = await managerOf(system, own, reads.signal);
  const found: Resource[] = [];
  for (const place of [own, ...(manager === undefined ? [] : [manager])]) {
    const collection = await reads.find(linkAt(place.body, "LogServices"));
    for (const link of linksAt(collection?.body, "Members").slice(0, logsMost)) {
      const log = await reads.find(link);
      if (log !== undefined) {
        found.push(log);
      }
    }
  }
  const names = [/^sel$/iu, /^(?:iml|log1|eventlog|standardlog|activelog)$/iu, /event|log/iu];
  return (
    names
      .map((name) => found.find(({ body }) => name.test(textOf(body["Id"]) ?? "")))
      .find((log) => log !== undefined) ?? found[0]
  );
}

/** Reads the page with the newest entries: the first page of some controllers, the last page of others. */
async function entriesRead(reads: HealthReads, link: string): Promise<readonly JsonObject[]> {
  const first = await reads.find(link);
  const members = listOf(first?.body["Members"]).map(objectOf);
  const count = numberOf(first?.body["Members@odata.count"]) ?? members.length;
  const rising = (textOf(members[0]?.["Created"]) ?? "") < (textOf(members.at(-1)?.["Created"]) ?? "");
  if (count > members.length && (rising || members.length < shown)) {
    const last = await reads.find(`${link}?$skip=${Math.max(0, count - 2 * shown)}`);
    members.push(...listOf(last?.body["Members"]).map(objectOf));
  }
  const singles = members.filter((member) => Object.keys(member).length === 1).slice(-singlesMost);
  const read: JsonObject[] = members.filter((member) => Object.keys(member).length > 1);
  for (const member of singles) {
    const entry = await reads.find(textOf(member["@odata.id"]));
    read.push(objectOf(entry?.body));
  }
  return read;
}
