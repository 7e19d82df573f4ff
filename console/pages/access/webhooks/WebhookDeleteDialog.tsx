import { useState, type ReactElement } from "react";
import { randomId } from "../../../api/random-id.ts";
import { OneCommandDialog } from "../../../commands/OneCommandDialog.tsx";
import { TypedName } from "../../../commands/TypedName.tsx";
import { webhookDeletePrepare } from "./webhook-commands.ts";

/** Deletes a webhook. */
export function WebhookDeleteDialog({ name, onClose }: { name: string; onClose: () => void }): ReactElement {
  const [requestId] = useState(() => randomId());
  const [typed, setTyped] = useState("");
  return (
    <OneCommandDialog
      danger
      title={`Delete the webhook ${name}`}
      button={`Delete ${name}`}
      command={webhookDeletePrepare(name, requestId)}
      refused={typed === name ? undefined : `type ${name} first`}
      onClose={onClose}
    >
      <p className="text-dim">Events that wait for it are not sent any more, and its dead letters go.</p>
      <TypedName expected={name} why="This can't be undone." value={typed} onChange={setTyped} />
    </OneCommandDialog>
  );
}
