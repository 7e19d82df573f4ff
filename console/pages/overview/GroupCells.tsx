import type { ReactElement, ReactNode } from "react";
import { Link } from "react-router";
import type { FleetGroup } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { printableLines } from "../../../src/lib/format/printable.ts";
import { toneFills, toneGrounds } from "../../ui/Chip.tsx";
import { classes } from "../../ui/classes.ts";
import { groupShade } from "./group-shade.ts";
import { groupName, groupPath } from "./group-words.ts";
import type { MapChoice } from "./map-choice.ts";

/** The map's cells: a group's name, its machines, and a bar as long as the share of its worst machines. */
export function GroupCells({ groups, choice }: { groups: readonly FleetGroup[]; choice: MapChoice }): ReactElement {
  return (
    <ul className="grid grid-cols-[repeat(auto-fill,minmax(8rem,1fr))] gap-1.5">
      {groups.map((group) => (
        <li key={group.none ? "" : `=${group.value}`}>
          <GroupCell group={group} choice={choice} />
        </li>
      ))}
    </ul>
  );
}

function GroupCell({ group, choice }: { group: FleetGroup; choice: MapChoice }): ReactElement {
  const { tone, worst, count, share } = groupShade(group.states);
  const to = groupPath(group, choice);
  const look = classes("flex h-full flex-col gap-1 rounded-sm p-2 text-xs", toneGrounds[tone]);
  const content: ReactNode = (
    <>
      <span className="flex justify-between gap-2">
        <span className="foreign clip-line font-medium">{printableLines(groupName(group, choice))}</span>
        <span>{group.machines.toLocaleString("en")}</span>
      </span>
      <span aria-hidden="true" className="bg-surface block h-1.5 w-full overflow-hidden rounded-sm">
        <span data-fill="" className={classes("block h-full", toneFills[tone])} style={{ width: `${share * 100}%` }} />
      </span>
      <span className="clip-line">
        {count.toLocaleString("en")} {worst}
      </span>
    </>
  );
  return to === undefined ? (
    <div data-chip="" className={look}>
      {content}
    </div>
  ) : (
    <Link data-chip="" to={to} className={classes(look, "hover:outline-line-strong hover:outline")}>
      {content}
    </Link>
  );
}
