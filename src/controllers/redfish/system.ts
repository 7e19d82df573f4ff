import { ControllerError } from "../controller.ts";
import { linkAt, listOf, objectOf, textOf, textsOf, valueAt } from "./json.ts";
import type { MakerRules } from "./rules/maker-rules.ts";
import type { RedfishService, Resource } from "./service.ts";

/** The one system that a controller client works on. */
export interface RedfishSystem {
  service: RedfishService;
  rules: MakerRules;
  link: string;
  /** Its id with the controller's address, for messages. */
  name: string;
  /** Where its resets are sent. */
  resetTarget: string;
  /** Reads it anew. */
  read(signal: AbortSignal): Promise<Resource>;
  /** The ResetTypes that are allowed; undefined = the controller does not say (row 3). */
  resetTypes(signal: AbortSignal): Promise<readonly string[] | undefined>;
}

/** Systems of one controller that are read to find the one with power: trays of a large machine are more. */
const systemsMost = 16;

/**
 * The system that is meant: the named one, or the only system with power and reset actions (row 1).
 * @param named its id or link, as a controller's facts have it
 * @throws {ControllerError} `not_a_controller` saying which there are
 */
export async function systemFind(
  service: RedfishService,
  named: string | undefined,
  signal: AbortSignal,
): Promise<Resource> {
  const root = await service.root(signal);
  const collection = linkAt(root.body, "Systems");
  if (collection === undefined) {
    throw new ControllerError("not_a_controller", `${service.origin} has no systems: it controls no machine`);
  }
  const systems: Resource[] = [];
  for (const link of await service.members(collection, signal, systemsMost)) {
    const system = await service.find(link, signal);
    if (system !== undefined && isMachine(system)) {
      systems.push(system);
    }
  }
  const ids = systems.map(systemId);
  if (named !== undefined) {
    const found = systems.find((system) => systemId(system) === named || samePath(system.link, named));
    if (found === undefined) {
      throw new ControllerError(
        "not_a_controller",
        `${service.origin} has no system ${named}, but: ${ids.join(", ") || "none"}`,
      );
    }
    return found;
  }
  // A tray of accelerators can be reset, but boots nothing.
  const booting = systems.filter(({ body }) => valueAt(body, "Boot", "BootSourceOverrideTarget") !== undefined);
  const candidates = booting.length === 0 ? systems : booting;
  const [only] = candidates;
  if (only === undefined || candidates.length > 1) {
    throw new ControllerError(
      "not_a_controller",
      only === undefined
        ? `${service.origin} has no system with a power state and resets`
        : `${service.origin} has several systems: name one of ${candidates.map(systemId).join(", ")} (--system)`,
    );
  }
  return only;
}

/** A system's own name, as it is kept: "System.Embedded.1". Pure. */
export function systemId(system: Resource): string {
  return textOf(system.body["Id"]) ?? system.link;
}

/** The client's view of a system that was found. */
export function redfishSystem(service: RedfishService, found: Resource, rules: MakerRules): RedfishSystem {
  const reset = objectOf(valueAt(found.body, "Actions", resetAction));
  return {
    service,
    rules,
    link: found.link,
    name: `${service.origin} (${systemId(found)})`,
    resetTarget: service.own(textOf(reset["target"]) ?? ""),
    read: (signal) => service.get(found.link, signal),
    resetTypes: async (signal) => {
      const inline = textsOf(reset["ResetType@Redfish.AllowableValues"]);
      if (inline.length > 0) {
        return inline;
      }
      const info = await service.find(textOf(reset["@Redfish.ActionInfo"]), signal);
      const parameters = listOf(info?.body["Parameters"]);
      const type = parameters.find((parameter) => valueAt(parameter, "Name") === "ResetType");
      const values = textsOf(valueAt(type, "AllowableValues"));
      return values.length > 0 ? values : undefined;
    },
  };
}

const resetAction = "#ComputerSystem.Reset";

function isMachine({ body }: Resource): boolean {
  return (
    textOf(body["PowerState"]) !== undefined && textOf(valueAt(body, "Actions", resetAction, "target")) !== undefined
  );
}

/** Paths as makers write them: some end with a slash, some are in lower case. */
function samePath(one: string, other: string): boolean {
  const plain = (path: string): string => path.replace(/\/$/u, "").toLowerCase();
  return plain(one) === plain(other);
}
