import type { FleetGroup } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { paths } from "../../paths.ts";
import type { MapChoice } from "./map-choice.ts";

/** A group's name. Pure. */
export function groupName({ none, value }: FleetGroup, choice: MapChoice): string {
  if (none) {
    return choice.by === "label" ? `no ${choice.label}` : `no ${choice.by}`;
  }
  return value === "" ? "(empty)" : value;
}

/** The list of a group's machines; undefined where lists have no such filter. Pure. */
export function groupPath({ none, value }: FleetGroup, choice: MapChoice): string | undefined {
  if (none) {
    return undefined;
  }
  switch (choice.by) {
    case "label":
      return paths.machines({ labels: [`${choice.label}=${value}`] });
    case "location":
      return paths.machines({ location: value });
    case "provider":
      return paths.machines({ providers: [value] });
  }
}
