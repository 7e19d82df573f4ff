import type { ReactNode } from "react";

/** The other way in: the command that opens the console signed in. */
export function SignInByLink(): ReactNode {
  return (
    <p className="text-sm">
      Run <code className="bg-hover rounded-sm px-1.5 py-0.5 font-mono text-xs">farrier console</code> where you run
      your other commands: it opens the console signed in as you.
    </p>
  );
}
