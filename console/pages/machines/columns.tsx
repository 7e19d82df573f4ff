import type { ReactNode } from "react";
import { InstallationState, type Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { MachineStateBadge } from "../../parts/MachineStateBadge.tsx";
import { ProgressBar } from "../../parts/ProgressBar.tsx";
import { consoleBase, paths } from "../../paths.ts";
import type { MachineOrder } from "./list-address.ts";
import { RowAge } from "./RowAge.tsx";

/** A column of the list of machines. */
export interface MachineColumn {
  name: string;
  title: string;
  /** CSS grid track. */
  width: string;
  /** The orders that the server has for it. */
  order?: MachineOrder;
  /** Cannot be hidden. */
  always?: boolean;
  cell: (machine: Machine) => ReactNode;
}

/** The columns, from the left. */
export const listColumns: readonly MachineColumn[] = [
  {
    name: "state",
    title: "State",
    width: "minmax(11rem,max-content)",
    order: "state",
    always: true,
    cell: ({ standing }) =>
      standing === undefined ? null : (
        <MachineStateBadge state={standing.state} overdue={standing.deadlineMissedAt !== undefined} />
      ),
  },
  {
    name: "for",
    title: "For",
    width: "5.5rem",
    order: "since",
    cell: ({ standing }) => <RowAge at={standing?.since} />,
  },
  {
    name: "name",
    title: "Name",
    width: "minmax(8rem,1.4fr)",
    order: "name",
    always: true,
    cell: (machine) => (
      // The row itself opens it; a link of the router's in each row would cost more than the rest of the row.
      <a
        href={`${consoleBase}${paths.machine(machine.id)}`}
        tabIndex={-1}
        className="clip-line block font-medium hover:underline"
      >
        <ForeignText text={machineName(machine)} mono={machine.name === ""} />
      </a>
    ),
  },
  {
    name: "labels",
    title: "Labels",
    width: "minmax(6rem,1.2fr)",
    cell: ({ labels }) => (
      <ForeignText
        className="clip-line text-dim block"
        text={Object.entries(labels)
          .map(([key, value]) => `${key}=${value}`)
          .join(" ")}
      />
    ),
  },
  {
    name: "provider",
    title: "Provider",
    width: "minmax(6rem,0.8fr)",
    cell: ({ provided }) => (
      <ForeignText
        className="clip-line block"
        text={[provided?.provider, provided?.location].filter(Boolean).join(", ")}
      />
    ),
  },
  {
    name: "agent",
    title: "Agent heard",
    width: "6.5rem",
    cell: ({ agent }) => <RowAge at={agent?.heartbeatAt} none={agent === undefined ? "none" : "never"} />,
  },
  {
    name: "installed",
    title: "Installed",
    width: "7.5rem",
    cell: ({ installed }) =>
      installed === undefined ? null : (
        <span className="clip-line block font-mono" title={installed.digest}>
          {installed.digest === ""
            ? `generation ${installed.generation}`
            : installed.digest.replace("sha256:", "").slice(0, 12)}
        </span>
      ),
  },
  {
    name: "runs",
    title: "Runs",
    width: "11rem",
    cell: ({ installation }) =>
      installation?.state === InstallationState.PENDING ? <ProgressBar installation={installation} short /> : null,
  },
  {
    name: "created",
    title: "Known for",
    width: "6rem",
    order: "created",
    cell: ({ createdAt }) => <RowAge at={createdAt} />,
  },
];

/** A machine's name, or the beginning of its id. Pure. */
export function machineName({ name, id }: Pick<Machine, "name" | "id">): string {
  return name === "" ? id.slice(0, 8) : name;
}
