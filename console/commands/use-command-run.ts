import { useTransport } from "@connectrpc/connect-query";
import { useRef, useState } from "react";
import { toast } from "../ui/Toast.tsx";
import { activityFind, useActivities, type Activity } from "./activity.ts";
import { commandRun, CommandFailed } from "./command-run.ts";
import type { PreparedCommand } from "./prepared.ts";

/** A dialog's sending: once at a time, as often as it takes. */
export interface DialogRun {
  /** What was sent, with its results; undefined before. */
  activity: Activity | undefined;
  busy: boolean;
  /** The error of a single machine. */
  error: unknown;
  send: (title: string, commands: readonly PreparedCommand[]) => void;
}

/**
 * Sends a dialog's command under its request id. A single machine's success is said in a toast, and `onDone` is called; a
 * second press while it is being sent does nothing.
 */
export function useCommandRun(requestId: string, onDone: () => void): DialogRun {
  const transport = useTransport();
  useActivities();
  const [state, setState] = useState<{ busy: boolean; error: unknown }>({ busy: false, error: undefined });
  const sending = useRef(false);
  const send = async (title: string, commands: readonly PreparedCommand[]): Promise<void> => {
    if (sending.current || commands.length === 0) {
      return;
    }
    sending.current = true;
    setState({ busy: true, error: undefined });
    let error: unknown;
    try {
      const text = await commandRun({ id: requestId, title, commands, transport });
      if (commands.length === 1) {
        toast("good", `${commands[0]?.title ?? ""}: ${text}`);
        onDone();
      }
    } catch (thrown) {
      error = thrown instanceof CommandFailed ? thrown.thrown : thrown;
    }
    sending.current = false;
    setState({ busy: false, error });
  };
  return {
    activity: activityFind(requestId),
    ...state,
    send: (title, commands) => void send(title, commands),
  };
}
