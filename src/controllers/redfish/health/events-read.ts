import type { ControllerHealth } from "../../controller.ts";
import { managerOf } from "../facts.ts";
import { linkAt, listOf, linksAt, numberOf, objectOf, type JsonObject, textOf } from "../json.ts";
import type { Resource } from "../service.ts";
import type { RedfishSystem } from "../system.ts";
import { newestEvents } from "./newest-events.ts";

/** Number of entries that are shown. */
const shown = 10;
/** Maximum number of entries that are read one by one, if a log contains only links. */
const singlesMost = 20;

/** The newest entries of the machine's event log, newest first; none if it has no log. */
export async function eventsRead(
  system: RedfishSystem,
  own: Resource,
  signal: AbortSignal,
): Promise<ControllerHealth["events"]> {
  const log = await logFind(system, own, signal);
  const entries = linkAt(log?.body, "Entries");
  return entries === undefined ? [] : newestEvents(await entriesRead(system, entries, signal), shown);
}

/** The event log of the system, or else of its manager: one with a usual name, or else the first. */
async function logFind(system: RedfishSystem, own: Resource, signal: AbortSignal): Promise<Resource | undefined> {
  const { service } = system;
  const manager = await managerOf(system, own, signal);
  const found: Resource[] = [];
  for (const place of [own, ...(manager === undefined ? [] : [manager])]) {
    const collection = await service.find(linkAt(place.body, "LogServices"), signal);
    for (const link of linksAt(collection?.body, "Members")) {
      const log = await service.find(link, signal);
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
async function entriesRead(system: RedfishSystem, link: string, signal: AbortSignal): Promise<readonly JsonObject[]> {
  const { service } = system;
  const first = await service.find(link, signal);
  const members = listOf(first?.body["Members"]).map(objectOf);
  const count = numberOf(first?.body["Members@odata.count"]) ?? members.length;
  const rising = (textOf(members[0]?.["Created"]) ?? "") < (textOf(members.at(-1)?.["Created"]) ?? "");
  if (count > members.length && (rising || members.length < shown)) {
    const last = await service.find(`${link}?$skip=${Math.max(0, count - 2 * shown)}`, signal);
    members.push(...listOf(last?.body["Members"]).map(objectOf));
  }
  const singles = members.filter((member) => Object.keys(member).length === 1).slice(-singlesMost);
  const read: JsonObject[] = members.filter((member) => Object.keys(member).length > 1);
  for (const member of singles) {
    const entry = await service.find(textOf(member["@odata.id"]), signal);
    read.push(objectOf(entry?.body));
  }
  return read;
}
