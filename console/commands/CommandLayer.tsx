import { Suspense, useEffect, useState, type ReactElement } from "react";
import { useActivities } from "./activity.ts";
import { useOpenCommand } from "./open-command.ts";
import { lazyPart } from "../layout/lazy-part.ts";

const CommandHost = lazyPart(async () => (await import("./CommandHost.tsx")).CommandHost);
const ActivityDrawer = lazyPart(async () => (await import("./ActivityDrawer.tsx")).ActivityDrawer);
const Toasts = lazyPart(async () => (await import("../ui/Toast.tsx")).Toasts);

/** What commands show over every page: the open dialog, what was sent, and toasts. Loaded when they may be needed. */
export function CommandLayer(): ReactElement {
  const open = useOpenCommand();
  const sent = useActivities().length > 0;
  const touched = useTouched();
  // The host stays once it was needed: it takes a closed dialog's entry out of the browser's history.
  const [needed, setNeeded] = useState(false);
  if (open !== undefined && !needed) {
    setNeeded(true);
  }
  return (
    <>
      <Suspense fallback={null}>{touched || open !== undefined ? <Toasts>{null}</Toasts> : null}</Suspense>
      <Suspense fallback={null}>
        {needed ? <CommandHost /> : null}
        {sent ? <ActivityDrawer /> : null}
      </Suspense>
    </>
  );
}

/** True from the first key or press on: only then can there be something to say. */
function useTouched(): boolean {
  const [touched, setTouched] = useState(false);
  useEffect(() => {
    const ending = new AbortController();
    const options = { once: true, capture: true, signal: ending.signal };
    globalThis.addEventListener("keydown", () => setTouched(true), options);
    globalThis.addEventListener("pointerdown", () => setTouched(true), options);
    return () => ending.abort();
  }, []);
  return touched;
}
