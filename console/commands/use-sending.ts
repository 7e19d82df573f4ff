import { useTransport } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { callFailure } from "../api/failure.ts";
import type { PreparedCommand } from "./prepared.ts";
import { sendPatiently } from "./send.ts";

/** What a form needs to send its command. */
export interface SendingState {
  busy: boolean;
  /** Why it failed, as the server says it. */
  problem: string | undefined;
  /** Sends it, and reads anew what is shown; resolves to what was done, or undefined if it failed. */
  send: (command: Pick<PreparedCommand, "send">) => Promise<string | undefined>;
}

/** Sends a command that is about no machine's page, once at a time. */
export function useSending(): SendingState {
  const transport = useTransport();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  return {
    busy,
    problem,
    send: async (command) => {
      setBusy(true);
      setProblem(undefined);
      try {
        return await sendPatiently(command as PreparedCommand, { transport });
      } catch (error) {
        setProblem(callFailure(error).message);
        return undefined;
      } finally {
        setBusy(false);
        void queries.invalidateQueries();
      }
    },
  };
}
