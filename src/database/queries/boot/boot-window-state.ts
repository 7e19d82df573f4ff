import { sql } from "kysely";

/** The state of a boot window. A replaced window is closed. */
export type BootWindowState =
  /** Its token was not handed out yet. */
  | "open"
  /** Its token was handed out, and no agent has presented it. */
  | "given"
  /** An agent presented the token, and its key was bound. */
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
  /** From where its agent comes; absent = the network. */
  way?: BootWindowWay;
}

/** From where the agent of a boot window comes: a network boot, a boot medium, or the same by UEFI HTTP boot. */
export type BootWindowWay = "network" | "medium" | "http";

/** SQL expression on `machine_boot_window w`: the window's state now. */
export const windowState = sql<BootWindowState>`
  CASE
    WHEN w.enrolled_at IS NOT NULL THEN 'enrolled'
    WHEN w.closed_at IS NOT NULL THEN 'closed'
    WHEN w.closes_at <= now() THEN 'expired'
    WHEN w.given_at IS NOT NULL THEN 'given'
    ELSE 'open'
  END`;
