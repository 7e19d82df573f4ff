import { createQueryOptions, useQuery } from "@connectrpc/connect-query";
import { Suspense, type ReactElement, type ReactNode } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import type { Profile } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { queryClient } from "../../api/query-client.ts";
import { transport } from "../../api/transport.ts";
import { useRole } from "../../commands/use-role.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { paths } from "../../paths.ts";
import { Button } from "../../ui/Button.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { profilesQuery } from "./queries.ts";
import { lazyPart } from "../../layout/lazy-part.ts";

const ProfileEditor = lazyPart(async () => (await import("../profile/ProfileEditor.tsx")).ProfileEditor);

/** Reads the profiles before the page is drawn. */
export async function loader(): Promise<null> {
  await queryClient.ensureQueryData(createQueryOptions(profilesQuery.method, profilesQuery.input, { transport }));
  return null;
}

/** The page "Profiles": how images are installed, by name. */
export default function ProfilesPage(): ReactNode {
  const { data, error, refetch } = useQuery(profilesQuery.method, profilesQuery.input);
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const refused = useRole() === "viewer" ? "an operator can do this; you are a viewer" : undefined;
  if (search.has("new")) {
    return (
      <>
        <PageHead title="New profile" />
        <Suspense fallback={<Skeleton label="Loading the editor" />}>
          <ProfileEditor
            onLeave={(name) => void navigate(name === undefined ? paths.profiles() : paths.profile(name))}
          />
        </Suspense>
      </>
    );
  }
  const profiles = data?.profiles ?? [];
  return (
    <>
      <PageHead
        title="Profiles"
        actions={
          <Button kind="primary" icon="tag" refused={refused} onClick={() => void navigate(paths.profileNew())}>
            New profile
          </Button>
        }
      />
      {error === null ? null : (
        <RpcError title="The profiles can't be listed" error={error} onRetry={() => void refetch()} />
      )}
      {data === undefined ? null : profiles.length === 0 ? (
        <EmptyState title="There is no profile">
          <p>
            A profile says how an image is installed: which disk, which files for cloud-init, how often to try again. An
            installation then names it: no address, no digest, no disk to type.
          </p>
        </EmptyState>
      ) : (
        <ProfilesTable profiles={profiles} more={data.nextPageToken !== ""} />
      )}
    </>
  );
}

/** The profiles with their newest versions. @param more there are more than these */
function ProfilesTable({ profiles, more }: { profiles: readonly Profile[]; more: boolean }): ReactElement {
  return (
    <Table caption="Profiles" rows={more ? "unknown" : profiles.length} className="phone-cards">
      <TableHead>
        <TableHeading>Profile</TableHeading>
        <TableHeading>Image</TableHeading>
        <TableHeading>Applied</TableHeading>
      </TableHead>
      <tbody>
        {profiles.map(({ name, version, image, appliedAt, appliedBy }, index) => (
          <TableRow key={name} index={index}>
            <TableCell>
              <Link to={paths.profile(name)} className="text-accent font-medium hover:underline">
                <ForeignText text={`${name}@${version}`} />
              </Link>
            </TableCell>
            <TableCell label="Image">
              <Link to={paths.image(image.split("@")[0] ?? "")} className="text-accent hover:underline">
                <ForeignText text={image} />
              </Link>
            </TableCell>
            <TableCell label="Applied">
              <Age at={appliedAt} /> by <ForeignText text={appliedBy} />
            </TableCell>
          </TableRow>
        ))}
      </tbody>
    </Table>
  );
}
