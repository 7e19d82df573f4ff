import { useState, type ReactNode } from "react";
import { useNavigate } from "react-router";
import { sessionBegin } from "../../api/session.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { paths } from "../../paths.ts";

/** Where a session is begun. */
export default function SignInPage(): ReactNode {
  const [token, setToken] = useState("");
  const navigate = useNavigate();
  return (
    <main className="mx-auto max-w-md p-6">
      <PageHead title="Sign in" />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          sessionBegin(token.trim());
          void navigate(paths.machines());
        }}
      >
        <label className="block">
          Token
          <input
            type="password"
            autoComplete="off"
            required
            value={token}
            onChange={(event) => setToken(event.target.value)}
            className="border-line-strong bg-surface my-1 block w-full rounded border px-2 py-1.5"
          />
        </label>
        <button type="submit" className="bg-accent text-on-accent mt-2 rounded px-3 py-1.5">
          Sign in
        </button>
      </form>
    </main>
  );
}
