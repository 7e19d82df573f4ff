import { useId, useState, type ReactNode } from "react";
import { callFailure } from "../api/failure.ts";
import { sessionBegin } from "../api/session.ts";

/** Takes a token, and signs this browser in by it. The token is kept nowhere. */
export function SignInForm({ onSignedIn }: { onSignedIn?: () => void }): ReactNode {
  const id = useId();
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const submit = async (): Promise<void> => {
    setBusy(true);
    try {
      await sessionBegin({ bearerToken: token.trim() });
      setToken("");
      onSignedIn?.();
    } catch (error) {
      setProblem(callFailure(error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) {
          void submit();
        }
      }}
    >
      <label htmlFor={id} className="block text-sm font-medium">
        Token
      </label>
      <input
        id={id}
        type="password"
        autoComplete="off"
        spellCheck={false}
        required
        maxLength={256}
        value={token}
        onChange={({ target }) => {
          setToken(target.value);
          setProblem(undefined);
        }}
        aria-invalid={problem === undefined ? undefined : true}
        aria-describedby={`${id}-about`}
        className="border-line-strong bg-surface aria-invalid:border-bad my-1 block min-h-8 w-full rounded-md border px-2 py-1 font-mono text-sm"
      />
      <div id={`${id}-about`} className="text-xs">
        {problem === undefined ? (
          <p className="text-dim">
            From <code>farrier token create</code>, or the file operator-token of the data directory.
          </p>
        ) : (
          <p role="alert" className="text-bad break-words">
            {problem}
          </p>
        )}
      </div>
      <button
        type="submit"
        aria-disabled={busy || undefined}
        className="bg-accent text-on-accent border-accent mt-3 inline-flex min-h-8 items-center rounded-md border px-3 text-sm font-medium aria-disabled:opacity-60"
      >
        {busy ? "Signing in…" : "Sign in"}
      </button>
    </form>
  );
}
