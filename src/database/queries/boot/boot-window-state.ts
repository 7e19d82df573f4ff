import { sql } from "kysely";

/** How a boot window stands. One that another took the place of is closed. */
export type BootWindowState =
  /** Its token was not given out yet. */
  | "open"
  /** It was; nobody has presented it. */
  | "given"
  /** An agent's key was bound by it. */
  | "enrolled"
  | "closed"
  | "expired";

/** A machine's newest boot window. */
export interface BootWindow {
  windowId: string;
  openedBy: string;
  openedAt: Date;
  closesAt: Date;
  state: BootWindowState;
}

/** How a window stands now, in SQL over `machine_boot_window w`. */
export const windowState = sql<BootWindowState>`
  CASE
    WHEN w.enrolled_at IS NOT NULL THEN 'enrolled'
    WHEN w.closed_at IS NOT NULL THEN 'closed'
    WHEN w.closes_at <= now() THEN 'expired'
    WHEN w.given_at IS NOT NULL THEN 'given'
    ELSE 'open'
  END`;
