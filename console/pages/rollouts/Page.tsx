import { createQueryOptions, useQuery } from "@connectrpc/connect-query";
import { lazy, Suspense, type ReactElement, type ReactNode } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import type { Rollout } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { queryClient } from "../../api/query-client.ts";
import { transport } from "../../api/transport.ts";
import { useRole } from "../../commands/use-role.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { Age } from "../../parts/Age.tsx";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { LookBadge } from "../../parts/LookBadge.tsx";
import { RolloutCounts } from "../../parts/RolloutCounts.tsx";
import { rolloutStateLook } from "../../parts/rollout-looks.ts";
import { RpcError } from "../../parts/RpcError.tsx";
import { paths } from "../../paths.ts";
import { Button } from "../../ui/Button.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { rolloutsEvery, rolloutsQuery } from "./queries.ts";

const RolloutCreateDialog = lazy(async () => ({
  default: (await import("./RolloutCreateDialog.tsx")).RolloutCreateDialog,
}));

/** Reads the rollouts before the page is drawn. */
export async function loader(): Promise<null> {
  await queryClient.ensureQueryData(createQueryOptions(rolloutsQuery.method, rolloutsQuery.input, { transport }));
  return null;
}

/** The page "Rollouts": profiles that are installed on many machines, in waves. */
export default function RolloutsPage(): ReactNode {
  const { data, error, refetch } = useQuery(rolloutsQuery.method, rolloutsQuery.input, {
    refetchInterval: rolloutsEvery,
  });
  const [search, setSearch] = useSearchParams();
  const navigate = useNavigate();
  const refused = useRole() === "viewer" ? "an operator can do this; you are a viewer" : undefined;
  const more = data !== undefined && data.nextPageToken !== "";
  return (
    <>
      <PageHead
        title="Rollouts"
        actions={
          <Button kind="primary" icon="install" refused={refused} onClick={() => setSearch({ new: "" })}>
            New rollout
          </Button>
        }
      />
      {error === null ? null : (
        <RpcError title="The rollouts can't be listed" error={error} onRetry={() => void refetch()} />
      )}
      {data === undefined ? null : data.rollouts.length === 0 ? (
        <EmptyState title="There is no rollout yet">
          <p>
            A rollout installs one profile on many machines, in waves. The control plane carries it out, and stops by
            its rule where machines fail.
          </p>
          <CliCopy command="farrier rollout create --profile web --label rack=b12 --waves 1,10,rest --stop-after 5%" />
        </EmptyState>
      ) : (
        <RolloutsTable rollouts={data.rollouts} more={more} />
      )}
      <p className="text-dim mt-2 text-sm">
        {more ? `The newest ${data.rollouts.length} are shown: farrier rollout list has all. ` : ""}
        Read anew every {rolloutsEvery / 1_000} seconds while this page is seen.
      </p>
      <Suspense>
        {search.has("new") ? (
          <RolloutCreateDialog
            onClose={() => setSearch({}, { replace: true })}
            onDone={(name) => void navigate(paths.rollout(name), { replace: true })}
          />
        ) : null}
      </Suspense>
    </>
  );
}

function RolloutsTable({ rollouts, more }: { rollouts: readonly Rollout[]; more: boolean }): ReactElement {
  return (
    <Table caption="Rollouts" rows={more ? "unknown" : rollouts.length} className="phone-cards">
      <TableHead>
        <TableHeading>State</TableHeading>
        <TableHeading>Rollout</TableHeading>
        <TableHeading>Profile</TableHeading>
        <TableHeading>Machines</TableHeading>
        <TableHeading>Created</TableHeading>
      </TableHead>
      <tbody>
        {rollouts.map((rollout, index) => (
          <RolloutRow key={rollout.name} rollout={rollout} index={index} />
        ))}
      </tbody>
    </Table>
  );
}

function RolloutRow({ rollout, index }: { rollout: Rollout; index: number }): ReactElement {
  const { name, profile, state, stateSince, counts, createdAt, createdBy } = rollout;
  return (
    <TableRow index={index}>
      <TableCell>
        <LookBadge look={rolloutStateLook(state)} /> <Age at={stateSince} />
      </TableCell>
      <TableCell label="Rollout">
        <Link to={paths.rollout(name)} className="text-accent font-medium hover:underline">
          <ForeignText text={name} />
        </Link>
      </TableCell>
      <TableCell label="Profile">
        <Link to={paths.profile(profile.split("@")[0] ?? "")} className="text-accent hover:underline">
          <ForeignText text={profile} />
        </Link>
      </TableCell>
      <TableCell label="Machines">
        <RolloutCounts counts={counts} />
      </TableCell>
      <TableCell label="Created">
        <Age at={createdAt} /> by <ForeignText text={createdBy} />
      </TableCell>
    </TableRow>
  );
}
