import { useState, type ReactNode } from "react";
import { callFailure } from "../api/failure.ts";
import { queryClient } from "../api/query-client.ts";
import { sessionEnd } from "../api/session.ts";
import { paths } from "../paths.ts";

/** Logs this browser out, in all of its tabs, and forgets what its pages have read. */
export function LogOut(): ReactNode {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const end = async (): Promise<void> => {
    setBusy(true);
    try {
      await sessionEnd();
      queryClient.clear();
      // Loads the page anew: nothing of what was shown stays in memory.
      globalThis.location.assign(`/console${paths.signIn()}`);
    } catch (error) {
      setProblem(callFailure(error).message);
      setBusy(false);
    }
  };
  return (
    <>
      <button
        type="button"
        aria-disabled={busy || undefined}
        onClick={() => (busy ? undefined : void end())}
        className="border-line-strong bg-surface hover:bg-hover inline-flex min-h-7 items-center rounded-md border px-2.5 text-sm font-medium"
      >
        Log out
      </button>
      {problem === undefined ? null : (
        <p role="alert" className="text-bad text-xs">
          Not logged out: {problem}
        </p>
      )}
    </>
  );
}
