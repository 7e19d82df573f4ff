import type { MachineId } from "../database/ids.ts";
import { keyStart } from "../database/queries/agent/agent.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import { rateLimit } from "../lib/rate-limit.ts";
import type { RefusedCallers } from "./admission/refused-callers.ts";
import { addressOf } from "./listener/caller-address.ts";
import type { Peer } from "./listener/peer.ts";

/** Logs refused calls, a few lines per second at most; the next logged line says how many were left out. */
export interface RefusalLog {
  record(method: string, peer: Peer | undefined, reason: string, machine?: string): void;
  /** Remembers a caller whose key is not the key of the machine that it names. `from` is its address and port. */
  stranger(peer: Peer, machineId: MachineId, from: string): void;
}

/** Ten lines at once, two per second in the long run. */
export function createRefusalLog(log: Logger, clock: Clock, callers: RefusedCallers): RefusalLog {
  const lines = rateLimit({ clock, perSecond: 2, burst: 10 });
  let heldBack = 0;
  return {
    stranger: (peer, machineId, from) => callers.note(peer, machineId, addressOf(from)),
    record: (method, peer, reason, machine) => {
      if (lines.available() === 0) {
        heldBack += 1;
        return;
      }
      lines.take(1);
      const unlogged = heldBack;
      heldBack = 0;
      log.warn(
        {
          method,
          reason,
          ...(machine === undefined ? {} : { machine }),
          ...(peer === undefined ? {} : { key: keyStart(peer.key) }),
          ...(unlogged === 0 ? {} : { unlogged }),
        },
        "an agent's call was refused",
      );
    },
  };
}
