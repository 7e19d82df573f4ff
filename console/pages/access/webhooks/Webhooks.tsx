import { useQuery } from "@connectrpc/connect-query";
import { useState, type ReactNode } from "react";
import { useSearchParams } from "react-router";
import { useRole } from "../../../commands/use-role.ts";
import { CliCopy } from "../../../parts/CliCopy.tsx";
import { RpcError } from "../../../parts/RpcError.tsx";
import { Button } from "../../../ui/Button.tsx";
import { EmptyState } from "../../../ui/EmptyState.tsx";
import { Skeleton } from "../../../ui/Skeleton.tsx";
import { Table, TableHead, TableHeading } from "../../../ui/Table.tsx";
import { DeadLetters } from "./DeadLetters.tsx";
import { webhooksEvery, webhooksQuery } from "./queries.ts";
import { WebhookAddDialog } from "./WebhookAddDialog.tsx";
import { WebhookDeleteDialog } from "./WebhookDeleteDialog.tsx";
import { WebhookRow } from "./WebhookRow.tsx";
import { WebhookTestDialog } from "./WebhookTestDialog.tsx";

/** The dialog that is open. */
type OpenDialog = { kind: "add" } | { kind: "test" | "delete"; name: string };

/** Where events go: what each receiver took, what waits for it, and what was given up. */
export function Webhooks(): ReactNode {
  const [open, setOpen] = useState<OpenDialog>();
  const [search, setSearch] = useSearchParams();
  const chosen = search.get("webhook");
  const role = useRole();
  const refused =
    role === undefined || role === "admin"
      ? undefined
      : `an admin can do this; you are ${role === "operator" ? "an operator" : "a viewer"}`;
  const { data, error, refetch } = useQuery(webhooksQuery.method, webhooksQuery.input, {
    refetchInterval: webhooksEvery,
  });
  if (data === undefined) {
    return error === null ? (
      <Skeleton />
    ) : (
      <RpcError title="The webhooks can't be listed" error={error} onRetry={() => void refetch()} />
    );
  }
  const { webhooks, nextPageToken } = data;
  const close = (): void => setOpen(undefined);
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="text-dim text-sm">
          Events go to these URLs, signed. Read anew every {webhooksEvery / 1_000} seconds while this page is seen.
        </p>
        <Button kind="primary" refused={refused} onClick={() => setOpen({ kind: "add" })}>
          Add a webhook…
        </Button>
      </div>
      {webhooks.length === 0 ? (
        <EmptyState title="There is no webhook yet">
          <p>A webhook sends what happens to machines to a URL: a ticket system, a chat, an inventory.</p>
          <CliCopy command="farrier webhook add https://tickets.example.org/farrier --events 'installation_*,agent_lost'" />
        </EmptyState>
      ) : (
        <Table className="phone-cards" caption="Webhooks" rows={nextPageToken === "" ? webhooks.length : "unknown"}>
          <TableHead>
            <TableHeading>State</TableHeading>
            <TableHeading>Webhook</TableHeading>
            <TableHeading>Events</TableHeading>
            <TableHeading>Delivered</TableHeading>
            <TableHeading>Waiting</TableHeading>
            <TableHeading>Dead letters</TableHeading>
            <TableHeading>Last failure</TableHeading>
            <TableHeading>Added</TableHeading>
            <TableHeading>
              <span className="unseen">Test or delete</span>
            </TableHeading>
          </TableHead>
          <tbody>
            {webhooks.map((webhook, index) => (
              <WebhookRow
                key={webhook.name}
                webhook={webhook}
                index={index}
                refused={refused}
                onTest={() => setOpen({ kind: "test", name: webhook.name })}
                onDelete={() => {
                  // Its dead letters go with it.
                  setSearch({ tab: "webhooks" }, { replace: true });
                  setOpen({ kind: "delete", name: webhook.name });
                }}
              />
            ))}
          </tbody>
        </Table>
      )}
      {chosen === null ? null : <DeadLetters key={chosen} name={chosen} refused={refused} />}
      {open?.kind === "add" ? <WebhookAddDialog onClose={close} /> : null}
      {open?.kind === "test" ? <WebhookTestDialog name={open.name} onClose={close} /> : null}
      {open?.kind === "delete" ? <WebhookDeleteDialog name={open.name} onClose={close} /> : null}
    </div>
  );
}
