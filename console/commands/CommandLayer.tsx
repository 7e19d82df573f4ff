import { lazy, Suspense, type ReactElement } from "react";
import { useActivities } from "./activity.ts";
import { useOpenCommand } from "./open-command.ts";

const CommandHost = lazy(async () => ({ default: (await import("./CommandHost.tsx")).CommandHost }));
const ActivityDrawer = lazy(async () => ({ default: (await import("./ActivityDrawer.tsx")).ActivityDrawer }));

/** What commands show over every page: the open dialog, and what was sent. Loaded at the first command. */
export function CommandLayer(): ReactElement {
  const open = useOpenCommand();
  const sent = useActivities().length > 0;
  return (
    <Suspense fallback={null}>
      {open !== undefined || sent ? <CommandHost /> : null}
      {sent ? <ActivityDrawer /> : null}
    </Suspense>
  );
}
