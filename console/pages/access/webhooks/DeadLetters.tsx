import { useQuery } from "@connectrpc/connect-query";
import { useMemo, useState, type ReactElement } from "react";
import { Link } from "react-router";
import type { WebhookDeadLetter } from "../../../../gen/farrier/operator/v1/webhook_pb.ts";
import { randomId } from "../../../api/random-id.ts";
import { OneCommandDialog } from "../../../commands/OneCommandDialog.tsx";
import { Age } from "../../../parts/Age.tsx";
import { ForeignText } from "../../../parts/ForeignText.tsx";
import { MachineLink } from "../../../parts/MachineLink.tsx";
import { RpcError } from "../../../parts/RpcError.tsx";
import { paths } from "../../../paths.ts";
import { Button } from "../../../ui/Button.tsx";
import { Skeleton } from "../../../ui/Skeleton.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../../ui/Table.tsx";
import { deadLettersQuery, webhooksEvery } from "./queries.ts";
import { webhookRedeliverPrepare } from "./webhook-commands.ts";

/** The events of a webhook that were given up, and sending them again. @param refused why this person can't */
export function DeadLetters({ name, refused }: { name: string; refused: string | undefined }): ReactElement {
  const { method, input } = useMemo(() => deadLettersQuery(name), [name]);
  const { data, error, refetch } = useQuery(method, input, { refetchInterval: webhooksEvery });
  const [again, setAgain] = useState<readonly string[]>();
  const letters = data?.deadLetters ?? [];
  const more = data !== undefined && data.nextPageToken !== "";
  return (
    <section aria-labelledby="dead" className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-3">
        <h2 id="dead">Dead letters of {name}</h2>
        {letters.length === 0 ? null : (
          <Button refused={refused} onClick={() => setAgain([])}>
            Send all again…
          </Button>
        )}
        <Link to={paths.webhooks()} className="text-accent text-sm hover:underline">
          Hide
        </Link>
      </div>
      {error === null ? null : (
        <RpcError title="The dead letters can't be listed" error={error} onRetry={() => void refetch()} />
      )}
      {data === undefined && error === null ? <Skeleton /> : null}
      {data !== undefined && letters.length === 0 ? (
        <p className="text-dim text-sm">No event of it was given up.</p>
      ) : null}
      {letters.length === 0 ? null : (
        <Table caption={`Dead letters of ${name}`} rows={more ? "unknown" : letters.length} className="phone-cards">
          <TableHead>
            <TableHeading>Event</TableHeading>
            <TableHeading>Machine</TableHeading>
            <TableHeading>Happened</TableHeading>
            <TableHeading>Given up</TableHeading>
            <TableHeading number>Tries</TableHeading>
            <TableHeading>Why</TableHeading>
            <TableHeading>
              <span className="unseen">Send again</span>
            </TableHeading>
          </TableHead>
          <tbody>
            {letters.map((letter, index) => (
              <LetterRow
                key={letter.eventId}
                letter={letter}
                index={index}
                refused={refused}
                onAgain={() => setAgain([letter.eventId])}
              />
            ))}
          </tbody>
        </Table>
      )}
      {more ? (
        <p className="text-dim text-sm">The oldest {letters.length} are shown: farrier webhook dead-letters has all.</p>
      ) : null}
      {again === undefined ? null : (
        <RedeliverDialog name={name} eventIds={again} onClose={() => setAgain(undefined)} />
      )}
    </section>
  );
}

function LetterRow({
  letter: { eventId, event, machineId, machineName, at, diedAt, attempts, failure },
  index,
  refused,
  onAgain,
}: {
  letter: WebhookDeadLetter;
  index: number;
  refused: string | undefined;
  onAgain: () => void;
}): ReactElement {
  return (
    <TableRow index={index}>
      <TableCell label="Event">
        <ForeignText text={event} /> <span className="text-dim font-mono text-xs">{eventId}</span>
      </TableCell>
      <TableCell label="Machine">
        <MachineLink id={machineId} name={machineName} />
      </TableCell>
      <TableCell label="Happened">
        <Age at={at} />
      </TableCell>
      <TableCell label="Given up">
        <Age at={diedAt} />
      </TableCell>
      <TableCell label="Tries" number>
        {attempts}
      </TableCell>
      <TableCell label="Why" className="max-w-md">
        <ForeignText text={failure} lines className="line-clamp-3" />
      </TableCell>
      <TableCell label="" className="text-right">
        <Button refused={refused} onClick={onAgain} aria-label={`Send again: event ${eventId}`}>
          Send again…
        </Button>
      </TableCell>
    </TableRow>
  );
}

function RedeliverDialog({
  name,
  eventIds,
  onClose,
}: {
  name: string;
  /** None = all of them. */
  eventIds: readonly string[];
  onClose: () => void;
}): ReactElement {
  const [requestId] = useState(() => randomId());
  const [only] = eventIds;
  const what = only === undefined ? "all dead letters" : `event ${only}`;
  return (
    <OneCommandDialog
      title={`Send ${what} to ${name} again`}
      button={`Send ${what} again`}
      command={webhookRedeliverPrepare(name, eventIds, requestId)}
      onClose={onClose}
    >
      <p className="text-dim">They wait again, and are sent as soon as the receiver takes them.</p>
    </OneCommandDialog>
  );
}
