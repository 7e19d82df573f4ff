import type { ReactElement } from "react";
import { Button } from "../../ui/Button.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { Dialog } from "../../ui/Dialog.tsx";

/** What a {@link SecretDialog} takes. */
export interface SecretDialogProps {
  /** "The token of alice". */
  title: string;
  /** In its place where an earlier try, whose answer was lost, made it. */
  lostTitle: string;
  /** What is kept of it, and where it belongs. */
  said: string;
  /** What to do where it was lost. */
  lost: string;
  /** "" = lost. */
  secret: string;
  onClose: () => void;
}

/** Shows a secret that was just made, this once. */
export function SecretDialog({ title, lostTitle, said, lost, secret, onClose }: SecretDialogProps): ReactElement {
  const isLost = secret === "";
  return (
    <Dialog
      title={isLost ? lostTitle : title}
      onClose={onClose}
      actions={
        <Button kind="primary" onClick={onClose}>
          {isLost ? "Close" : "I have kept it"}
        </Button>
      }
    >
      {isLost ? (
        <p className="text-sm">{lost}</p>
      ) : (
        <div className="flex flex-col gap-3 text-sm">
          <p>{said}</p>
          <div className="bg-hover flex items-start gap-2 rounded-md px-2">
            <code className="foreign grow py-1.5 font-mono text-sm">{secret}</code>
            <CopyButton text={secret} what="the secret" label="Copy" />
          </div>
        </div>
      )}
    </Dialog>
  );
}
