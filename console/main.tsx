import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { linkCodeTake, linkFailureSet } from "./api/link-code.ts";
import { hasSession, sessionBegin, sessionByCertificate } from "./api/session.ts";
import { App } from "./layout/App.tsx";
import { liveStart } from "./live/live.ts";
import { consoleBase, paths } from "./paths.ts";

/** Signs in by the link or the certificate, or leads to the page where that is done; then draws the page. */
async function start(): Promise<void> {
  // Before anything is drawn or asked for.
  const linkCode = linkCodeTake();
  if (linkCode !== undefined) {
    await sessionBegin({ linkCode }).catch(linkFailureSet);
  }
  const { pathname, search, hash } = globalThis.location;
  const here = `${pathname.slice(consoleBase.length)}${search}${hash}`;
  if (!hasSession() && !here.startsWith(paths.signIn()) && !(await sessionByCertificate())) {
    globalThis.history.replaceState(null, "", `${consoleBase}${paths.signIn(here === "/" ? undefined : here)}`);
  }
  if (hasSession()) {
    // On its way while the page's own script is: lists wait for its begin.
    liveStart();
  }
  const root = document.querySelector("#root");
  if (root !== null) {
    createRoot(root).render(
      <StrictMode>
        <App />
      </StrictMode>,
    );
  }
}

void start();
