import type { ControllerHealth } from "../../controller.ts";
import { linksAt } from "../json.ts";
import type { RedfishSystem } from "../system.ts";
import { chassisParts } from "./chassis-parts.ts";
import { conditionOf, conditionsSaid, type HealthPart, rollupOf, severityOf, worst } from "./condition.ts";
import { driveParts } from "./drive-parts.ts";
import { eventsRead } from "./events-read.ts";
import { HealthReads } from "./health-reads.ts";
import { inletCelsius } from "./inlet.ts";
import { summarisedParts } from "./summarised-parts.ts";
import { defined } from "../../../lib/defined.ts";

/** Maximum number of a system's chassis that are read. */
const chassisMost = 8;

/**
 * Reads the machine's health: the rollup, parts that are not healthy, the inlet temperature and the newest events. A
 * part of it at which the controller fails is named as unread.
 */
export async function healthRead(system: RedfishSystem, signal: AbortSignal): Promise<ControllerHealth> {
  const own = await system.read(signal);
  const reads = new HealthReads(system.service, signal);
  const chassis = [];
  for (const link of linksAt(own.body, "Links", "Chassis").slice(0, chassisMost)) {
    chassis.push(await reads.part("fans, power supplies and temperatures", none, () => chassisParts(reads, link)));
  }
  const more = system.rules.moreHealth(own.body).map(({ name, status }) => ({
    kind: name,
    body: { Name: name, Status: status },
  }));
  const parts: HealthPart[] = [
    ...chassis.flatMap((one) => one.parts),
    ...(await reads.part("memory and processors", [], () => summarisedParts(reads, own))),
    ...(await reads.part("drives", [], () => driveParts(reads, own))),
    ...more,
  ];
  const failed = parts
    .toSorted((one, other) => Number(severityOf(other) === "critical") - Number(severityOf(one) === "critical"))
    .flatMap((part) => conditionOf(part) ?? []);
  const inlet = inletCelsius(chassis.flatMap((one) => one.sensors));
  return {
    rollup: worst(rollupOf(own.body), parts),
    failed: failed.length > 0 ? [...new Set(failed)] : conditionsSaid(own.body),
    ...defined({ inletCelsius: inlet }),
    events: await reads.part("event log", [], () => eventsRead(reads, system, own)),
    unread: reads.unread,
  };
}

const none = { parts: [], sensors: [] } as const;
