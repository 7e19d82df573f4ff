import type { MachineFilter, MachineWatchResponse } from "../../gen/farrier/operator/v1/machine_pb.ts";

/** What a tab shows, and so wants to hear of. */
export interface LiveInterest {
  /** Ids of the machines on screen. */
  machines: readonly string[];
  /** Machines whose changes are wanted beyond those; undefined means none. */
  filter?: MachineFilter | undefined;
}

/** How the stream is. */
export interface LiveStatus {
  /** True while answers come. */
  live: boolean;
  /** Since when not, by this browser's monotonic clock; undefined while it is live. */
  lostAt: number | undefined;
  /** Why not, where something else is wrong than that nothing answers. */
  reason?: string | undefined;
}

/** What tabs of one browser say to each other. Messages are cloned, not encoded. */
export type LiveMessage =
  /** The leader's: an answer of the stream. */
  | { kind: "answer"; answer: MachineWatchResponse }
  /** The leader's: whether the stream is there. */
  | { kind: "status"; live: boolean; cursor: string; reason?: string | undefined }
  /** The leader's: what was read before may be wrong. */
  | { kind: "renew"; why: string }
  /** A tab's: what it shows. */
  | { kind: "interest"; tab: string; interest: LiveInterest; focused: boolean }
  /** A new tab's: the leader answers with its status. */
  | { kind: "hello"; tab: string }
  | { kind: "goodbye"; tab: string };
