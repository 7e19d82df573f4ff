import { ControllerError } from "../controller.ts";
import { AnswerError } from "./answer-error.ts";
import { type JsonObject, linksAt, textOf, textsOf } from "./json.ts";
import { type Patience, rounds } from "./patience.ts";
import type { Resource } from "./service.ts";
import type { RedfishSystem } from "./system.ts";
import { taskEnd } from "./task.ts";

/**
 * Switches the identification light of the system, or of its chassis if the system has none.
 * @throws {ControllerError}
 */
export async function identify(
  system: RedfishSystem,
  on: boolean,
  patience: Patience,
  signal: AbortSignal,
): Promise<void> {
  const light = await lightFind(system, signal);
  if (light === undefined) {
    throw new ControllerError("unsupported", `${system.name} has no identification light that can be switched`);
  }
  const { service } = system;
  let bodies = lightBodies(light.body, on);
  for await (const _ of rounds(service.clock, patience, signal)) {
    const now = await service.get(light.link, signal);
    if (isLit(now.body) === on) {
      return;
    }
    const [body] = bodies;
    try {
      await taskEnd(
        service,
        await service.change({ method: "PATCH", link: light.link, body }, signal),
        patience,
        signal,
      );
    } catch (error) {
      if (!(error instanceof AnswerError) || !(error.passing || (error.code === "refused" && bodies.length > 1))) {
        throw error;
      }
      bodies = error.passing ? bodies : bodies.slice(1);
    }
  }
  throw new ControllerError("not_done", `${system.name} does not show its identification light ${on ? "on" : "off"}`);
}

async function lightFind(system: RedfishSystem, signal: AbortSignal): Promise<Resource | undefined> {
  const own = await system.read(signal);
  if (isLit(own.body) !== undefined) {
    return own;
  }
  for (const link of linksAt(own.body, "Links", "Chassis")) {
    const chassis = await system.service.find(link, signal);
    if (chassis !== undefined && isLit(chassis.body) !== undefined) {
      return chassis;
    }
  }
  return undefined;
}

/** The bodies to try, in order, while the controller refuses them. Pure. */
export function lightBodies(resource: JsonObject, on: boolean): readonly JsonObject[] {
  if (typeof resource["LocationIndicatorActive"] === "boolean") {
    return [{ LocationIndicatorActive: on }];
  }
  if (!on) {
    return [{ IndicatorLED: "Off" }];
  }
  const allowed = textsOf(resource["IndicatorLED@Redfish.AllowableValues"]);
  const usable = ["Blinking", "Lit"].filter((value) => allowed.length === 0 || allowed.includes(value));
  return (usable.length === 0 ? ["Lit"] : usable).map((value) => ({ IndicatorLED: value }));
}

/** Whether the light is on; undefined = the resource has no light. Pure. */
export function isLit(resource: JsonObject): boolean | undefined {
  const active = resource["LocationIndicatorActive"];
  if (typeof active === "boolean") {
    return active;
  }
  const led = textOf(resource["IndicatorLED"]);
  return led === undefined ? undefined : led === "Lit" || led === "Blinking";
}
