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

/** Maximum number of logs of which entries are read, if the first ones are empty. */
const logsTried = 3;

/** A log, by its id, with the link of its entries. */
export interface EventLog {
  id: string;
  entries: string;
}

/** Ids of logs that tell of the machine's health, the best first. */
const usual = [/^sel$/iu, /^(?:iml|log1|eventlog|standardlog|activelog|platformlog)$/iu, /event|log/iu];
/** Ids of logs about other things: who logged in, what a service technician reads. */
const otherLogs = /audit|journal|post|dump|crash|fault|diagnos|security|^sa|maintenance/iu;

/** The entries' links of the logs that tell of health, the log with the most usual name first. Pure. */
export function logsOrdered(logs: readonly EventLog[]): readonly string[] {
  const place = ({ id }: EventLog): number => {
    const index = usual.findIndex((name) => name.test(id));
    return index < 0 ? usual.length : index;
  };
  return logs
    .filter(({ id }) => !otherLogs.test(id))
    .toSorted((one, other) => place(one) - place(other))
    .map(({ entries }) => entries);
}

/** The newest entries of the machine's event log, newest first; none if it has no log. */
export async function eventsRead(
  reads: HealthReads,
  system: RedfishSystem,
  own: Resource,
): Promise<ControllerHealth["events"]> {
  for (const link of logsOrdered(await logsRead(reads, system, own)).slice(0, logsTried)) {
    const events = newestEvents(await entriesRead(reads, link), shown);
    if (events.length > 0) {
      return events;
    }
  }
  return [];
}

/** The logs of the system and of its manager: their ids and the links of their entries. */
async function logsRead(reads: HealthReads, system: RedfishSystem, own: Resource): Promise<readonly EventLog[]> {
  const manager = await managerOf(system, own, reads.signal);
  const found: EventLog[] = [];
  for (const place of [own, ...(manager === undefined ? [] : [manager])]) {
    const collection = await reads.find(linkAt(place.body, "LogServices"));
    for (const link of linksAt(collection?.body, "Members").slice(0, logsMost)) {
      const log = await reads.find(link);
      const entries = linkAt(log?.body, "Entries");
      // Some logs have no entries over Redfish: Lenovo's SEL is one.
      if (log !== undefined && entries !== undefined) {
        found.push({ id: textOf(log.body["Id"]) ?? "", entries });
      }
    }
  }
  return found;
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
