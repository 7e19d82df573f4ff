import { Dialog as BaseDialog } from "@base-ui/react/dialog";
import { useState, type ReactElement, type ReactNode } from "react";
import { Button } from "./Button.tsx";
import { classes } from "./classes.ts";
import { RefusedFields } from "./RefusedFields.tsx";

/** What a {@link Dialog} takes. */
export interface DialogProps {
  title: ReactNode;
  children: ReactNode;
  /** Buttons; the button that goes on is the last. */
  actions?: ReactNode;
  /** Why it can't go on now, beside the buttons: what it is about may be out of sight. */
  note?: string | undefined;
  /** What the server said of the last try: the field that it names is shown. */
  refusal?: string | undefined;
  /** Called for Esc, the cross, and a press outside. */
  onClose: () => void;
  /** Something would be lost: closing asks first. */
  unsaved?: boolean;
  size?: "narrow" | "wide";
}

const widths = { narrow: "max-w-lg", wide: "max-w-4xl" };

/** A dialog over the page: it keeps the focus in it, and gives it back when it closes. */
export function Dialog(props: DialogProps): ReactElement {
  const { title, children, actions, note, refusal, onClose, unsaved = false, size = "narrow" } = props;
  const [asking, setAsking] = useState(false);
  const close = (): void => {
    if (unsaved && !asking) {
      setAsking(true);
    } else {
      onClose();
    }
  };
  return (
    <BaseDialog.Root open onOpenChange={(open) => (open ? undefined : close())}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className="fixed inset-0 z-40 bg-[#000a]" />
        <BaseDialog.Popup
          data-popup=""
          className={classes(
            "fixed top-[4vh] left-1/2 z-40 flex max-h-[92vh] w-[calc(100vw-1rem)] -translate-x-1/2 flex-col",
            "rounded-lg border border-line bg-raised text-text",
            widths[size],
          )}
        >
          <header className="flex items-start gap-3 border-b border-line px-4 py-3">
            <BaseDialog.Title className="foreign grow text-lg font-semibold">{title}</BaseDialog.Title>
            <Button kind="quiet" icon="close" aria-label="Close" onClick={close} />
          </header>
          <RefusedFields refusal={refusal}>
            <div className="min-h-0 grow overflow-auto px-4 py-3">{children}</div>
            <footer className="flex flex-wrap items-center justify-end gap-2 border-t border-line px-4 py-3">
              {asking ? (
                <div role="alert" className="flex flex-wrap items-center gap-2">
                  <span>What you typed will be lost.</span>
                  <Button onClick={() => setAsking(false)}>Keep it</Button>
                  <Button kind="danger" onClick={onClose}>
                    Close anyway
                  </Button>
                </div>
              ) : (
                <>
                  {note === undefined ? null : (
                    <p role="status" className="foreign mr-auto line-clamp-3 min-w-0 basis-full text-sm text-bad">
                      {note}
                    </p>
                  )}
                  {actions}
                </>
              )}
            </footer>
          </RefusedFields>
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}
