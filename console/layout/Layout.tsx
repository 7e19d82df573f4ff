import { Suspense, useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import { Outlet, useLocation, useNavigate, useNavigation } from "react-router";
import { queryClient } from "../api/query-client.ts";
import { CommandLayer } from "../commands/CommandLayer.tsx";
import { liveStart } from "../live/live.ts";
import { shownApply } from "../live/shown-apply.ts";
import { SignedOut } from "../session/SignedOut.tsx";
import { copyText } from "../ui/copy-text.ts";
import { LiveBar } from "./LiveBar.tsx";
import { Navigation } from "./Navigation.tsx";
import { navigation } from "./navigation-entries.ts";
import { shortcutsListen, useShortcuts, type Shortcut } from "./shortcuts.ts";
import { SideFoot } from "./SideFoot.tsx";
import { TopBar } from "./TopBar.tsx";
import { lazyPart } from "./lazy-part.ts";

const KeysHelp = lazyPart(async () => (await import("./KeysHelp.tsx")).KeysHelp);

const Palette = lazyPart(async () => (await import("./Palette.tsx")).Palette);

/** Around every page: the navigation, the keys, and the place of the page. */
export function Layout(): ReactNode {
  const { pathname } = useLocation();
  // Where the navigation was opened: it is closed on another page.
  const [openAt, setOpenAt] = useState<string>();
  const [shown, setShown] = useState<"keys" | "palette">();
  const open = openAt === pathname;
  const close = useCallback(() => setShown(undefined), []);
  useGlobalKeys(setShown);
  useEffect(() => {
    liveStart();
    return shownApply();
  }, []);
  return (
    <>
      <a href="#page" className="unseen focus:not-sr-only">
        Skip to the page
      </a>
      <LoadingLine />
      <div className="flex min-h-dvh flex-col lg:grid lg:h-dvh lg:grid-cols-[13rem_minmax(0,1fr)]">
        <header className="border-line bg-surface flex flex-col border-b lg:overflow-y-auto lg:border-r lg:border-b-0">
          <TopBar
            open={open}
            onMenu={() => setOpenAt(open ? undefined : pathname)}
            onPalette={() => setShown("palette")}
          />
          <Navigation open={open} />
          <SideFoot open={open} onKeys={() => setShown("keys")} />
        </header>
        <div className="flex min-h-0 min-w-0 grow flex-col">
          <SignedOut />
          <LiveBar />
          <main id="page" className="min-h-0 grow p-3 lg:overflow-y-auto lg:px-6 lg:py-5">
            <Outlet />
          </main>
        </div>
      </div>
      <Suspense>
        <CommandLayer />
        {shown === "keys" ? <KeysHelp onClose={close} /> : null}
        {shown === "palette" ? <Palette onClose={close} /> : null}
      </Suspense>
    </>
  );
}

/** A line on top while the next page is on its way, after a moment: the page before stays meanwhile. */
function LoadingLine(): ReactNode {
  const { state } = useNavigation();
  return state === "idle" ? null : (
    <div
      role="progressbar"
      aria-label="Loading the page"
      className="bg-accent appear-late fixed inset-x-0 top-0 z-50 h-0.5"
    />
  );
}

function useGlobalKeys(show: (what: "keys" | "palette") => void): void {
  const navigate = useNavigate();
  const shortcuts = useMemo(
    (): Shortcut[] => [
      { keys: "Ctrl+k", words: "find anything", run: () => show("palette") },
      { keys: "?", words: "these keys", run: () => show("keys") },
      ...navigation.map(({ title, to, letter }) => ({
        keys: `g ${letter}`,
        words: `go to ${title}`,
        run: () => void navigate(to),
      })),
      { keys: "r", words: "read this page again", run: () => void queryClient.invalidateQueries() },
      {
        keys: "u",
        words: "copy this page's link",
        run: () => void linkCopy(),
      },
      { keys: "Escape", words: "back", run: () => (cameFromHere() ? void navigate(-1) : undefined) },
    ],
    [navigate, show],
  );
  useShortcuts(shortcuts);
  useEffect(() => shortcutsListen(), []);
}

async function linkCopy(): Promise<void> {
  const copied = await copyText(globalThis.location.href);
  const { toast } = await import("../ui/Toast.tsx");
  if (copied) {
    toast("good", "The link is copied.");
  } else {
    toast("bad", "The browser does not allow to copy", "Copy the address from its own line.");
  }
}

/** Whether the page before was the console's too. */
function cameFromHere(): boolean {
  return ((globalThis.history.state as { idx?: number } | null)?.idx ?? 0) > 0;
}
