import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { ReactElement } from "react";
import { Link } from "react-router";
import type { InstallationEntry } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { InstallationState, type Installation } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { durationText } from "../../../src/lib/format/duration.ts";
import { imageName } from "../../commands/install-form.ts";
import { Age } from "../../parts/Age.tsx";
import { Digest } from "../../parts/Digest.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { InstallationStateBadge } from "../../parts/InstallationStateBadge.tsx";
import { ProgressBar } from "../../parts/ProgressBar.tsx";
import { paths } from "../../paths.ts";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { EntryActions } from "./EntryActions.tsx";

/** What an {@link InstallationsTable} takes. */
export interface InstallationsTableProps {
  entries: readonly InstallationEntry[];
  /** There are more than these. */
  more: boolean;
  /** Rows of before, while others are loaded. */
  stale: boolean;
}

/** Installations, a row each. */
export function InstallationsTable({ entries, more, stale }: InstallationsTableProps): ReactElement {
  return (
    <Table caption="Installations" rows={more ? "unknown" : entries.length} stale={stale} className="phone-cards">
      <TableHead>
        <TableHeading>State</TableHeading>
        <TableHeading>Machine</TableHeading>
        <TableHeading>Image</TableHeading>
        <TableHeading>Digest</TableHeading>
        <TableHeading number>Generation</TableHeading>
        <TableHeading>Requested</TableHeading>
        <TableHeading>By</TableHeading>
        <TableHeading>Took</TableHeading>
        <TableHeading>Error</TableHeading>
        <TableHeading>
          <span className="unseen">Commands</span>
        </TableHeading>
      </TableHead>
      <tbody>
        {entries.map((entry, index) => (
          <InstallationLine key={entry.machineId} entry={entry} index={index} />
        ))}
      </tbody>
    </Table>
  );
}

function InstallationLine({ entry, index }: { entry: InstallationEntry; index: number }): ReactElement | null {
  const { installation } = entry;
  if (installation === undefined) {
    return null;
  }
  const name = entry.machineName === "" ? entry.machineId : entry.machineName;
  const pending = installation.state === InstallationState.PENDING;
  return (
    <TableRow index={index}>
      <TableCell label="State">
        {pending && installation.progress !== undefined ? (
          <ProgressBar installation={installation} short />
        ) : (
          <InstallationStateBadge state={installation.state} />
        )}
      </TableCell>
      <TableCell label="Machine" className="min-w-36">
        <Link to={paths.machine(entry.machineId, "installation")} className="font-medium text-accent hover:underline">
          <ForeignText text={name} />
        </Link>
      </TableCell>
      <TableCell label="Image" className="min-w-24">
        {installation.image === undefined ? "–" : <ForeignText text={imageName(installation.image.url)} />}
      </TableCell>
      <TableCell label="Digest">
        {installation.image === undefined ? "–" : <Digest digest={installation.image.digest} />}
      </TableCell>
      <TableCell label="Generation" number>
        {String(installation.generation)}
      </TableCell>
      <TableCell label="Requested">
        <Age at={installation.requestedAt} />
      </TableCell>
      <TableCell label="By" className="min-w-20">
        <ForeignText text={entry.requestedBy} />
      </TableCell>
      <TableCell label="Took" className="whitespace-nowrap">
        {tookWords(installation)}
      </TableCell>
      <TableCell label="Error" className="max-w-md">
        {installation.error === "" ? null : (
          <ForeignText text={installation.error} lines className="line-clamp-3 text-bad" />
        )}
      </TableCell>
      <TableCell>
        <EntryActions entry={entry} />
      </TableCell>
    </TableRow>
  );
}

/** From the request to the result; "–" while there is none. Pure. */
function tookWords({ requestedAt, finishedAt }: Installation): string {
  return requestedAt === undefined || finishedAt === undefined
    ? "–"
    : durationText(timestampDate(finishedAt).getTime() - timestampDate(requestedAt).getTime());
}
