import { useQuery } from "@connectrpc/connect-query";
import type { ReactNode } from "react";
import { CredentialService, type StoredCredential } from "../../../gen/farrier/operator/v1/credential_pb.ts";
import { credentialKindWords } from "../../../src/contract/words/credential-kind.ts";
import { wordOf } from "../../../src/contract/words/table.ts";
import { Age } from "../../parts/Age.tsx";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";

/** What opens controllers and machines: names and ages, never secrets, which no call shows. */
export function Credentials(): ReactNode {
  const { data, error, refetch } = useQuery(CredentialService.method.credentialList, { pageSize: 1_000 });
  if (data === undefined) {
    return error === null ? (
      <Skeleton />
    ) : (
      <RpcError title="The credentials can't be listed" error={error} onRetry={() => void refetch()} />
    );
  }
  return (
    <div className="flex flex-col gap-3">
      <p className="text-dim text-sm">
        Secrets are sealed, and nothing shows them. A secret is stored by the command line, which reads it from a
        terminal or a file: <CliCopy command="farrier credential create --help" />
      </p>
      {data.credentials.length === 0 ? (
        <p className="text-sm">No credential is stored yet.</p>
      ) : (
        <Table
          className="phone-cards"
          caption="Credentials"
          rows={data.nextPageToken === "" ? data.credentials.length : "unknown"}
        >
          <TableHead>
            <TableHeading>Name</TableHeading>
            <TableHeading>For</TableHeading>
            <TableHeading>User</TableHeading>
            <TableHeading>May be sent to</TableHeading>
            <TableHeading>Age of the secret</TableHeading>
            <TableHeading>Stored</TableHeading>
          </TableHead>
          <tbody>
            {data.credentials.map((credential, index) => (
              <CredentialRow key={credential.id} credential={credential} index={index} />
            ))}
          </tbody>
        </Table>
      )}
    </div>
  );
}

function CredentialRow({ credential, index }: { credential: StoredCredential; index: number }): ReactNode {
  const { name, kind, userName, allowed, createdAt, createdBy, rotatedAt, changePending, keyLost } = credential;
  return (
    <TableRow index={index}>
      <TableCell data-label="Name">
        <ForeignText text={name} /> {keyLost ? <Chip tone="bad">its key is lost: store the secret again</Chip> : null}
        {changePending ? <Chip tone="warn">a change is under way</Chip> : null}
      </TableCell>
      <TableCell data-label="For">{wordOf(credentialKindWords, kind) ?? "?"}</TableCell>
      <TableCell data-label="User">
        <ForeignText text={userName} />
      </TableCell>
      <TableCell data-label="May be sent to" className="font-mono text-xs">
        <ForeignText text={allowed.join(", ")} />
      </TableCell>
      <TableCell data-label="Age of the secret">
        <Age at={rotatedAt ?? createdAt} />
      </TableCell>
      <TableCell data-label="Stored">
        <Age at={createdAt} /> by <ForeignText text={createdBy} />
      </TableCell>
    </TableRow>
  );
}
