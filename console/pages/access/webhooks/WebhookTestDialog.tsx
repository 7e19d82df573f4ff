import { useState, type ReactElement } from "react";
import { useSending } from "../../../commands/use-sending.ts";
import { CliCopy } from "../../../parts/CliCopy.tsx";
import { ForeignText } from "../../../parts/ForeignText.tsx";
import { Button } from "../../../ui/Button.tsx";
import { toneTexts } from "../../../ui/Chip.tsx";
import { Dialog } from "../../../ui/Dialog.tsx";
import { ErrorBox } from "../../../ui/ErrorBox.tsx";
import { Icon } from "../../../ui/Icon.tsx";
import { webhookTestPrepare } from "./webhook-commands.ts";

/** Sends a made-up event to a webhook now, and says how its receiver answered. */
export function WebhookTestDialog({ name, onClose }: { name: string; onClose: () => void }): ReactElement {
  const [answer, setAnswer] = useState<{ delivered: boolean; outcome: string }>();
  const { busy, problem, send } = useSending();
  const command = webhookTestPrepare(name, (delivered, outcome) => setAnswer({ delivered, outcome }));
  return (
    <Dialog
      title={`Test the webhook ${name}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" busy={busy} onClick={() => void send(command)}>
            {answer === undefined ? "Send a test event" : "Send another"}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3 text-sm">
        {problem === undefined ? null : <ErrorBox title="It was not sent" message={problem} />}
        <p className="text-dim">
          An event of the type farrier.webhook_test is sent at once, about no machine. It is not tried again.
        </p>
        <CliCopy command={command.cli} />
        <div role="status">
          {busy ? <p className="text-dim">Sending; a receiver has 15 seconds to answer …</p> : null}
          {busy || answer === undefined ? null : (
            <p className={`flex gap-2 ${toneTexts[answer.delivered ? "good" : "bad"]}`}>
              <Icon name={answer.delivered ? "check" : "cross"} />
              <span>
                {name} {answer.delivered ? "took the event" : "did not take the event"}:{" "}
                <ForeignText text={answer.outcome} />
              </span>
            </p>
          )}
        </div>
      </div>
    </Dialog>
  );
}
