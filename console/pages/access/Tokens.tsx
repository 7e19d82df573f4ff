import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useQuery } from "@connectrpc/connect-query";
import { useState, type ReactNode } from "react";
import { AccessService, type Token } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { roleWords } from "../../../src/contract/words/role.ts";
import { wordOf } from "../../../src/contract/words/table.ts";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { useServerNow } from "../../parts/server-clock.ts";
import { Button } from "../../ui/Button.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { Checkbox } from "../../ui/Field.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { TokenCreateDialog } from "./TokenCreateDialog.tsx";
import { TokenRevokeDialog } from "./TokenRevokeDialog.tsx";

/** The operators' tokens. */
export function Tokens(): ReactNode {
  const [all, setAll] = useState(false);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Token>();
  const { data, error, refetch } = useQuery(AccessService.method.tokenList, { all, pageSize: 1_000 });
  if (data === undefined && error !== null) {
    return <RpcError title="The tokens can't be listed" error={error} onRetry={() => void refetch()} />;
  }
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <Checkbox checked={all} onChange={({ target }) => setAll(target.checked)}>
          Revoked and expired ones too
        </Checkbox>
        <Button kind="primary" onClick={() => setMaking(true)}>
          Make a token…
        </Button>
      </div>
      {data === undefined ? (
        <Skeleton />
      ) : (
        <Table
          className="phone-cards"
          caption="Tokens"
          rows={data.nextPageToken === "" ? data.tokens.length : "unknown"}
        >
          <TableHead>
            <TableHeading>Name</TableHeading>
            <TableHeading>Role</TableHeading>
            <TableHeading>State</TableHeading>
            <TableHeading>Begins with</TableHeading>
            <TableHeading>Expires</TableHeading>
            <TableHeading>Last used</TableHeading>
            <TableHeading>Made</TableHeading>
            <TableHeading>
              <span className="unseen">Revoke</span>
            </TableHeading>
          </TableHead>
          <tbody>
            {data.tokens.map((token, index) => (
              <TokenRow key={token.id} token={token} index={index} onRevoke={() => setRevoking(token)} />
            ))}
          </tbody>
        </Table>
      )}
      {data?.tokens.length === 0 ? (
        <p className="text-dim text-sm">There are no tokens yet: make one for each operator.</p>
      ) : null}
      {making ? <TokenCreateDialog onClose={() => setMaking(false)} /> : null}
      {revoking === undefined ? null : <TokenRevokeDialog token={revoking} onClose={() => setRevoking(undefined)} />}
    </div>
  );
}

function TokenRow({ token, index, onRevoke }: { token: Token; index: number; onRevoke: () => void }): ReactNode {
  const now = useServerNow();
  const { name, role, prefix, expiresAt, revokedAt, revokedBy, lastUsedAt, createdAt, createdBy } = token;
  const expired = expiresAt !== undefined && now !== undefined && timestampDate(expiresAt) <= now;
  return (
    <TableRow index={index}>
      <TableCell data-label="Name">
        <ForeignText text={name} />
      </TableCell>
      <TableCell data-label="Role">{wordOf(roleWords, role) ?? "?"}</TableCell>
      <TableCell data-label="State">
        {revokedAt !== undefined ? (
          <Chip tone="bad">
            revoked <Age at={revokedAt} /> by {revokedBy}
          </Chip>
        ) : expired ? (
          <Chip tone="warn">expired</Chip>
        ) : (
          <Chip tone="good">valid</Chip>
        )}
      </TableCell>
      <TableCell data-label="Begins with" className="font-mono text-xs">
        {prefix}…
      </TableCell>
      <TableCell data-label="Expires">
        <Age at={expiresAt} none="never" />
      </TableCell>
      <TableCell data-label="Last used">
        <Age at={lastUsedAt} none="never" />
      </TableCell>
      <TableCell data-label="Made">
        <Age at={createdAt} /> by <ForeignText text={createdBy} />
      </TableCell>
      <TableCell data-label="" className="text-right">
        {revokedAt === undefined && !expired ? (
          <Button onClick={onRevoke} aria-label={`Revoke the token of ${name}`}>
            Revoke…
          </Button>
        ) : null}
      </TableCell>
    </TableRow>
  );
}
