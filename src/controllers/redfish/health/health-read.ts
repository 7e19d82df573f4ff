import type { ControllerHealth } from "../../controller.ts";
import { linksAt } from "../json.ts";
import type { RedfishSystem } from "../system.ts";
import { conditionOf, rollupOf } from "./condition.ts";
import { eventsRead } from "./events-read.ts";
import { inletCelsius } from "./inlet.ts";
import { memoryParts } from "./memory-parts.ts";
import { chassisParts } from "./chassis-parts.ts";
import { defined } from "../../../lib/defined.ts";

/** Maximum number of a system's chassis that are read. */
const chassisMost = 8;

/** Reads the machine's health: the rollup, parts that are not healthy, the inlet temperature and the newest events. */
export async function healthRead(system: RedfishSystem, signal: AbortSignal): Promise<ControllerHealth> {
  const own = await system.read(signal);
  const links = linksAt(own.body, "Links", "Chassis").slice(0, chassisMost);
  const parts = [];
  for (const link of links) {
    parts.push(await chassisParts(system.service, link, signal));
  }
  const memory = await memoryParts(system.service, own, signal);
  const more = system.rules.moreHealth(own.body).map(({ name, status }) => ({
    kind: name,
    body: { Name: name, Status: status },
  }));
  const failed = [...parts.flatMap((one) => one.parts), ...memory, ...more].flatMap((part) => conditionOf(part) ?? []);
  const inlet = inletCelsius(parts.flatMap((one) => one.sensors));
  return {
    rollup: rollupOf(own.body),
    failed: [...new Set(failed)],
    ...defined({ inletCelsius: inlet }),
    events: await eventsRead(system, own, signal),
  };
}
