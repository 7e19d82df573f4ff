import type { ReactElement } from "react";
import { Link } from "react-router";
import type { Webhook } from "../../../../gen/farrier/operator/v1/webhook_pb.ts";
import { Age } from "../../../parts/Age.tsx";
import { ForeignText } from "../../../parts/ForeignText.tsx";
import { LookBadge } from "../../../parts/LookBadge.tsx";
import { paths } from "../../../paths.ts";
import { Button } from "../../../ui/Button.tsx";
import { Chip } from "../../../ui/Chip.tsx";
import { TableCell, TableRow } from "../../../ui/Table.tsx";
import { webhookCount, webhookHealth } from "./webhook-health.ts";

/** What a {@link WebhookRow} takes. */
export interface WebhookRowProps {
  webhook: Webhook;
  index: number;
  /** Why this person can't change it. */
  refused: string | undefined;
  onTest: () => void;
  onDelete: () => void;
}

/** A webhook: where it goes, and how its receiver answers. */
export function WebhookRow({ webhook, index, refused, onTest, onDelete }: WebhookRowProps): ReactElement {
  const { name, url, events, privateAllowed, delivered, deliveredAt, waiting, machinesFailing, deadLetters } = webhook;
  return (
    <TableRow index={index}>
      <TableCell>
        <LookBadge look={webhookHealth(webhook)} />
      </TableCell>
      <TableCell label="Webhook" className="sm:max-w-xs">
        <ForeignText text={name} className="font-medium" />
        <ForeignText text={url} mono className="text-dim block text-xs" />
        {privateAllowed ? <Chip>private addresses</Chip> : null}
      </TableCell>
      <TableCell label="Events" className="sm:max-w-40">
        {events.length === 0 ? "all" : <ForeignText text={events.join(", ")} />}
      </TableCell>
      <TableCell label="Delivered">
        {delivered.toLocaleString("en")}
        {deliveredAt === undefined ? null : (
          <>
            , the last <Age at={deliveredAt} />
          </>
        )}
      </TableCell>
      <TableCell label="Waiting">
        {waiting === 0n ? (
          "none"
        ) : (
          <>
            {webhookCount(waiting)}, the oldest <Age at={webhook.oldestWaitingAt} />
          </>
        )}
        {machinesFailing === 0n ? null : (
          <span className="text-warn block">{webhookCount(machinesFailing)} machines held up by a failed try</span>
        )}
      </TableCell>
      <TableCell label="Dead letters">
        {deadLetters === 0n ? (
          "none"
        ) : (
          <Link
            to={paths.webhooks(name)}
            aria-label={`Dead letters of ${name}: ${webhookCount(deadLetters)}`}
            className="text-accent hover:underline"
          >
            {webhookCount(deadLetters)}
          </Link>
        )}
      </TableCell>
      <TableCell label="Last failure" className="max-w-xs">
        {webhook.failure === "" ? (
          "none"
        ) : (
          <>
            <ForeignText text={webhook.failure} className="line-clamp-3" /> <Age at={webhook.failedAt} />
          </>
        )}
      </TableCell>
      <TableCell label="Added">
        <Age at={webhook.createdAt} /> by <ForeignText text={webhook.createdBy} />
      </TableCell>
      <TableCell label="" className="text-right whitespace-nowrap">
        <span className="inline-flex gap-1">
          <Button refused={refused} onClick={onTest} aria-label={`Test ${name}`}>
            Test…
          </Button>
          <Button refused={refused} onClick={onDelete} aria-label={`Delete ${name}`}>
            Delete…
          </Button>
        </span>
      </TableCell>
    </TableRow>
  );
}
