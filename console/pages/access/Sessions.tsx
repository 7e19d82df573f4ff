import { useQuery } from "@connectrpc/connect-query";
import { useState, type ReactNode } from "react";
import { ConsoleService, type ConsoleSession } from "../../../gen/farrier/operator/v1/console_pb.ts";
import { roleWords } from "../../../src/contract/words/role.ts";
import { wordOf } from "../../../src/contract/words/table.ts";
import { randomId } from "../../api/random-id.ts";
import { useSending } from "../../commands/use-sending.ts";
import { prepare } from "../../commands/prepared.ts";
import { Age } from "../../parts/Age.tsx";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { Button } from "../../ui/Button.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { toast } from "../../ui/Toast.tsx";
import { browserWords } from "./browser-words.ts";

/** The browsers that are signed in: one's own, for an admin all. */
export function Sessions(): ReactNode {
  const { data, error, refetch } = useQuery(ConsoleService.method.consoleSessionList, { pageSize: 1_000 });
  if (data === undefined) {
    return error === null ? (
      <Skeleton />
    ) : (
      <RpcError title="The browsers can't be listed" error={error} onRetry={() => void refetch()} />
    );
  }
  const more = data.nextPageToken !== "";
  return (
    <div className="flex flex-col gap-3">
      <p className="text-dim text-sm">
        A session has the role of the token or certificate that began it, and ends with it; at the latest after 12
        hours, or one hour after it was last used. In another browser: <CliCopy command="farrier console" />
      </p>
      <Table
        className="phone-cards"
        caption="Browsers that are signed in"
        rows={more ? "unknown" : data.sessions.length}
      >
        <TableHead>
          <TableHeading>Who</TableHeading>
          <TableHeading>Browser</TableHeading>
          <TableHeading>Address</TableHeading>
          <TableHeading>Started</TableHeading>
          <TableHeading>Last used</TableHeading>
          <TableHeading>Ends</TableHeading>
          <TableHeading>
            <span className="unseen">End</span>
          </TableHeading>
        </TableHead>
        <tbody>
          {data.sessions.map((session, index) => (
            <SessionRow key={session.id} session={session} index={index} />
          ))}
        </tbody>
      </Table>
      {data.sessions.length === 0 ? (
        <p className="text-dim text-sm">No browser is signed in; you came with a certificate.</p>
      ) : null}
      {more ? <p className="text-dim text-sm">There are more than 1,000; the newest are shown.</p> : null}
    </div>
  );
}

function SessionRow({ session, index }: { session: ConsoleSession; index: number }): ReactNode {
  const { id, name, role, userAgent, address, startedAt, lastUsedAt, expiresAt, current } = session;
  const { busy, send } = useSending();
  // Kept over tries.
  const [requestId] = useState(() => randomId());
  const end = async (): Promise<void> => {
    const done = await send(
      prepare({
        machineId: "",
        title: name,
        method: ConsoleService.method.consoleSessionEnd,
        message: { requestId, session: id },
        words: (message) => ["console-session", "end", message.session, "--request-id", message.requestId],
        done: () => `${name}'s browser is signed out`,
      }),
    );
    if (done === undefined) {
      toast(
        "bad",
        `${name}'s browser could not be signed out`,
        "Try again; if it has ended meanwhile, it leaves the list.",
      );
    } else {
      toast("good", done);
    }
  };
  return (
    <TableRow index={index}>
      <TableCell data-label="Who">
        <ForeignText text={name} />, {wordOf(roleWords, role) ?? "?"}
      </TableCell>
      <TableCell data-label="Browser">
        <ForeignText text={browserWords(userAgent)} /> {current ? <Chip tone="busy">this browser</Chip> : null}
      </TableCell>
      <TableCell data-label="Address" className="font-mono text-xs">
        {address}
      </TableCell>
      <TableCell data-label="Started">
        <Age at={startedAt} />
      </TableCell>
      <TableCell data-label="Last used">
        <Age at={lastUsedAt} />
      </TableCell>
      <TableCell data-label="Ends">
        <Age at={expiresAt} />
      </TableCell>
      <TableCell data-label="" className="text-right">
        {current ? null : (
          <Button busy={busy} onClick={() => void end()} aria-label={`Sign out ${name}'s ${browserWords(userAgent)}`}>
            Sign out
          </Button>
        )}
      </TableCell>
    </TableRow>
  );
}
