import { useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { queryClient } from "../api/query-client.ts";
import { sessionSubscribe, signedOutAt } from "../api/session.ts";
import { SignInByLink } from "./SignInByLink.tsx";
import { SignInForm } from "./SignInForm.tsx";

/**
 * For a page whose session is over: the page stays, marked as old, with all that was typed; a dialog says how to come back.
 * Signing in anywhere in this browser closes it, and reads anew what is shown.
 */
export function SignedOut(): ReactNode {
  const since = useSyncExternalStore(sessionSubscribe, signedOutAt);
  const before = useRef(since);
  // The time for which the dialog was put aside.
  const [aside, setAside] = useState<Date>();
  useEffect(() => {
    if (before.current !== undefined && since === undefined) {
      void queryClient.invalidateQueries();
    }
    before.current = since;
  }, [since]);
  if (since === undefined) {
    return null;
  }
  return (
    <>
      <div
        role="status"
        className="bg-warn-soft text-warn border-line flex flex-wrap items-center gap-x-3 border-b px-4 py-1.5 text-sm lg:px-6"
      >
        <span>
          Signed out since {since.toLocaleTimeString(undefined, { hour12: false })}: what you see is from before.
        </span>
        <button type="button" className="min-h-6 underline" onClick={() => setAside(undefined)}>
          Sign in
        </button>
      </div>
      {aside === since ? null : <SignedOutDialog onAside={() => setAside(since)} />}
    </>
  );
}

function SignedOutDialog({ onAside }: { onAside: () => void }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    // Back to where the person was typing.
    return () => shown?.close();
  }, []);
  // At the end of the document, above all dialogs of the page.
  return createPortal(
    <dialog
      ref={dialog}
      aria-labelledby="signed-out"
      onCancel={(event) => {
        event.preventDefault();
        onAside();
      }}
      // A dialog below would take Esc for itself, and lose what was typed.
      onKeyDown={(event) => event.stopPropagation()}
      className="bg-raised text-text border-line m-auto w-[min(26rem,calc(100vw-1.5rem))] rounded-lg border p-0 backdrop:bg-[#0008]"
    >
      <div className="flex flex-col gap-3 p-4">
        <h2 id="signed-out" className="text-lg">
          You are signed out
        </h2>
        <p className="text-sm">
          The session has ended: it was not used for an hour, is 12 hours old, was logged out or ended by somebody, or
          its token is not valid any more. The page stays as it is, with all that you typed.
        </p>
        <SignInByLink />
        <SignInForm />
        <button type="button" className="text-dim min-h-6 self-start text-sm underline" onClick={onAside}>
          Look at the page first
        </button>
      </div>
    </dialog>,
    document.body,
  );
}
