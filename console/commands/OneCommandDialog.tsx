import type { ReactElement, ReactNode } from "react";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { ErrorBox } from "../ui/ErrorBox.tsx";
import { toast } from "../ui/Toast.tsx";
import { CopyAs } from "./CopyAs.tsx";
import type { PreparedCommand } from "./prepared.ts";
import { useSending } from "./use-sending.ts";

/** What a {@link OneCommandDialog} takes. */
export interface OneCommandDialogProps {
  title: string;
  /** The button's words: what happens. */
  button: string;
  danger?: boolean;
  /** The command as the form stands; made again with each change, under one request id. */
  command: PreparedCommand;
  /** Why the form can't be sent as it stands. */
  refused?: string | undefined;
  /** Something typed would be lost by closing. */
  unsaved?: boolean;
  size?: "narrow" | "wide";
  onClose: () => void;
  /** Called after its success, which is said in a toast. @param done what was done */
  onDone?: (done: string) => void;
  children: ReactNode;
}

/** The dialog of a command that is about no machine: its form, what says the same elsewhere, and its error. */
export function OneCommandDialog(props: OneCommandDialogProps): ReactElement {
  const { title, button, danger = false, command, refused, unsaved = false, size, onClose, onDone, children } = props;
  const { busy, problem, send } = useSending();
  const go = async (): Promise<void> => {
    if (refused !== undefined || busy) {
      return;
    }
    const done = await send(command);
    if (done !== undefined) {
      toast("good", done);
      onClose();
      onDone?.(done);
    }
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      unsaved={unsaved}
      refusal={problem}
      {...(size === undefined ? {} : { size })}
      actions={
        <>
          <CopyAs commands={() => [command]} refused={refused} />
          <Button onClick={onClose}>Back</Button>
          <Button
            kind={danger ? "danger" : "primary"}
            className="foreign"
            busy={busy}
            refused={refused}
            onClick={() => void go()}
          >
            {button}
          </Button>
        </>
      }
    >
      <form
        className="flex flex-col gap-3 text-sm"
        onSubmit={(event) => {
          event.preventDefault();
          void go();
        }}
      >
        {problem === undefined ? null : <ErrorBox title="It was not done" message={problem} />}
        {children}
        {/* Enter in a field sends. */}
        <button type="submit" hidden aria-hidden="true" tabIndex={-1} />
      </form>
    </Dialog>
  );
}
