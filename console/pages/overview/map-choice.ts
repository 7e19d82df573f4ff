import { FleetGroupBy, FleetService } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { labelKeyPattern } from "../../../src/contract/machine-name.ts";

/** What the map's cells are. */
export type MapChoice = { by: "provider" } | { by: "location" } | { by: "label"; label: string };

/** The choice that an address has: "provider", "location" or "label:KEY"; locations if it has none. Pure. */
export function mapChoice(text: string | null): MapChoice {
  const label = text?.startsWith("label:") === true ? text.slice("label:".length) : undefined;
  if (label !== undefined && labelKeyPattern.test(label)) {
    return { by: "label", label };
  }
  return text === "location" ? { by: "location" } : { by: "provider" };
}

/** The choice as an address has it. Pure. */
export function mapChoiceText(choice: MapChoice): string {
  return choice.by === "label" ? `label:${choice.label}` : choice.by;
}

/** The call that counts the groups of a choice. Pure. */
export function groupsQuery(choice: MapChoice) {
  const by = {
    provider: FleetGroupBy.PROVIDER,
    location: FleetGroupBy.LOCATION,
    label: FleetGroupBy.LABEL,
  }[choice.by];
  return {
    method: FleetService.method.fleetGroups,
    input: { by, label: choice.by === "label" ? choice.label : "" },
  } as const;
}
