import { useEffect, useRef } from "react";
import { useLocation, useNavigate } from "react-router";
import { toast } from "../ui/Toast.tsx";
import { dialogOfEntry } from "./dialog-entry.ts";
import { commandClose, isCommandUnsaved, type OpenCommand } from "./open-command.ts";

/**
 * Gives the open dialog an entry in the browser's history, so that the back button closes it and stays on the page. Where
 * something typed would be lost, the dialog stays and says so.
 */
export function useDialogHistory(open: OpenCommand | undefined): void {
  const navigate = useNavigate();
  const { pathname, search, hash, state } = useLocation();
  const id = open?.requestId;
  const shown = dialogOfEntry(state);
  /** The dialog whose entry is in the history, or on its way there. */
  const entry = useRef<{ id: string; there: boolean }>(undefined);
  useEffect(() => {
    const here = { pathname, search, hash };
    const enter = (dialog: string): void => {
      entry.current = { id: dialog, there: false };
      void navigate(here, { state: { dialog }, preventScrollReset: true });
    };
    if (id === undefined) {
      if (entry.current !== undefined && entry.current.id === shown) {
        // Closed by its own buttons: its entry goes too.
        void navigate(-1);
      }
      entry.current = undefined;
    } else if (entry.current?.id !== id) {
      enter(id);
    } else if (shown === id) {
      entry.current.there = true;
    } else if (entry.current.there && isCommandUnsaved()) {
      enter(id);
      toast("info", "What you typed would be lost", "Close the dialog first, or send it.");
    } else if (entry.current.there) {
      commandClose();
    }
  }, [id, shown, pathname, search, hash, navigate]);
}
