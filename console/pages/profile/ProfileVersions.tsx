import { useQuery } from "@connectrpc/connect-query";
import type { ReactElement } from "react";
import { ProfileService, type Profile } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { versionText } from "../../../src/contract/catalogue/catalogue-reference.ts";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { Button } from "../../ui/Button.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { ProfileChanges } from "./ProfileChanges.tsx";

/** What {@link ProfileVersions} take. */
export interface ProfileVersionsProps {
  /** Newest first. */
  profiles: readonly Profile[];
  /** The version that is shown. */
  chosen: number;
  mayCompare: boolean;
  onChoose: (version: number) => void;
}

/** The versions of a profile; of an earlier one, what the newest says in another way. */
export function ProfileVersions({ profiles, chosen, mayCompare, onChoose }: ProfileVersionsProps): ReactElement {
  const [newest] = profiles;
  return (
    <section aria-labelledby="versions" className="flex flex-col gap-3">
      <h2 id="versions">Versions</h2>
      <Table caption="Versions of this profile" rows={profiles.length}>
        <TableHead>
          <TableHeading number>Version</TableHeading>
          <TableHeading>Image</TableHeading>
          <TableHeading>Applied</TableHeading>
          <TableHeading>
            <span className="unseen">Show it</span>
          </TableHeading>
        </TableHead>
        <tbody>
          {profiles.map(({ version, image, appliedAt, appliedBy }, index) => (
            <TableRow key={version} index={index}>
              <TableCell number>{version}</TableCell>
              <TableCell label="Image">
                <ForeignText text={image} />
              </TableCell>
              <TableCell label="Applied">
                <Age at={appliedAt} /> by <ForeignText text={appliedBy} />
              </TableCell>
              <TableCell>
                {version === chosen ? (
                  "is shown"
                ) : (
                  <Button aria-label={`Show version ${version}`} onClick={() => onChoose(version)}>
                    Show
                  </Button>
                )}
              </TableCell>
            </TableRow>
          ))}
        </tbody>
      </Table>
      {mayCompare && newest !== undefined && chosen !== newest.version ? (
        <Since profile={versionText(newest.name, chosen)} newest={newest.version} />
      ) : null}
    </section>
  );
}

function Since({ profile, newest }: { profile: string; newest: number }): ReactElement | null {
  const { data, error, refetch } = useQuery(ProfileService.method.profileDiff, { profile });
  if (error !== null) {
    return <RpcError title="The versions can't be compared" error={error} onRetry={() => void refetch()} />;
  }
  return data === undefined ? null : (
    <ProfileChanges below="h2" title={`From ${profile} to version ${newest}`} changes={data.changes} />
  );
}
