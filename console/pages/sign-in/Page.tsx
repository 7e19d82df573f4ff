import type { ReactNode } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { callFailure } from "../../api/failure.ts";
import { linkFailure } from "../../api/link-code.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { paths } from "../../paths.ts";
import { SignInByLink } from "../../session/SignInByLink.tsx";
import { SignInForm } from "../../session/SignInForm.tsx";

/** Where a browser signs in. */
export default function SignInPage(): ReactNode {
  const navigate = useNavigate();
  const [search] = useSearchParams();
  const failure = linkFailure();
  return (
    <main className="mx-auto flex max-w-md flex-col gap-5 p-6 pt-[12vh]">
      <PageHead title="Sign in to Farrier" />
      {failure === undefined ? null : (
        <p role="alert" className="bg-bad-soft text-bad rounded-md px-3 py-2 text-sm break-words">
          {callFailure(failure).message}
        </p>
      )}
      <SignInByLink />
      <div className="border-line border-t pt-4">
        <p className="mb-3 text-sm">Or paste a token. Only the session that it begins is kept in this browser.</p>
        <SignInForm onSignedIn={() => void navigate(pageOf(search.get("to")), { replace: true })} />
      </div>
    </main>
  );
}

/** A page of the console; never another address. */
function pageOf(to: string | null): string {
  return to !== null && /^\/(?![/\\])/u.test(to) ? to : paths.overview();
}
