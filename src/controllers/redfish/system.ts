import { ControllerError } from "../controller.ts";
import { linkAt, listOf, objectOf, textOf, textsOf, valueAt } from "./json.ts";
import type { MakerRules } from "./rules/maker-rules.ts";
import type { RedfishService, Resource } from "./service.ts";

/** The one system of a controller that a client works on. */
export interface RedfishSystem {
  service: RedfishService;
  rules: MakerRules;
  link: string;
  /** The system's id with the controller's address, for messages. */
  name: string;
  /** The link to which resets are sent. */
  resetTarget: string;
  /** Reads the system again. */
  read(signal: AbortSignal): Promise<Resource>;
  /** The allowed ResetTypes; undefined = the controller does not list them (row 3). */
  resetTypes(signal: AbortSignal): Promise<readonly string[] | undefined>;
}

/**
 * Maximum number of a controller's systems that are read to find the one with power. Large machines list several trays.
 */
const systemsMost = 16;

/**
 * Finds the named system, or the only system with power and reset actions (row 1).
 * @param named the system's id or link, as in a controller's facts
 * @throws {ControllerError} `not_a_controller`, whose message lists the systems
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
  // A tray of accelerators can be reset, but can't boot.
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

/** A system's id in its stored form, such as "System.Embedded.1". Pure. */
export function systemId(system: Resource): string {
  return textOf(system.body["Id"]) ?? system.link;
}

/** Wraps a found system for the client. */
export function redfishSystem(service: RedfishService, found: Resource, rules: MakerRules): RedfishSystem {
  // Only what is used is kept, not the whole resource: a shepherd has thousands of clients.
  const { link } = found;
  const action = objectOf(valueAt(found.body, "Actions", resetAction));
  const reset = {
    target: action["target"],
    inline: textsOf(action["ResetType@Redfish.AllowableValues"]),
    info: textOf(action["@Redfish.ActionInfo"]),
  };
  return {
    service,
    rules,
    link,
    name: `${service.origin} (${systemId(found)})`,
    resetTarget: service.own(textOf(reset.target) ?? ""),
    read: (signal) => service.get(link, signal),
    resetTypes: async (signal) => {
      if (reset.inline.length > 0) {
        return reset.inline;
      }
      const info = await service.find(reset.info, signal);
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

/** Compares paths: some makers end them with a slash, some write them in lower case. */
function samePath(one: string, other: string): boolean {
  const plain = (path: string): string => path.replace(/\/$/u, "").toLowerCase();
  return plain(one) === plain(other);
}
