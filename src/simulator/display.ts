import type { SimulationStatus } from "./record/status.ts";

/** Where a display writes. */
export interface DisplayOutput {
  write(text: string): void;
  isTTY?: boolean | undefined;
}

/** Shows a simulation's progress. */
export interface Display {
  /** Prints a line that stays. */
  tell(text: string): void;
  /** Shows the status: on a terminal in place of the last one; elsewhere one line, at most every ten seconds. */
  show(status: SimulationStatus): void;
  end(): void;
}

const plainEverySeconds = 10;

/** Creates a display. */
export function createDisplay(output: DisplayOutput): Display {
  let shown = 0;
  let last = -Infinity;
  const clear = (): void => {
    if (shown > 0) {
      // ECMA-48: cursor up, erase to the end of the screen.
      output.write(`\u001b[${shown}A\u001b[J`);
      shown = 0;
    }
  };
  return {
    tell: (text) => {
      clear();
      output.write(`${text}\n`);
    },
    show: (status) => {
      if (output.isTTY === true) {
        const lines = statusLines(status);
        clear();
        output.write(`${lines.join("\n")}\n`);
        shown = lines.length;
      } else if (status.seconds - last >= plainEverySeconds) {
        last = status.seconds;
        output.write(`${statusLine(status)}\n`);
      }
    },
    end: () => {
      shown = 0;
    },
  };
}

/** A duration for people: "0.8 ms", "12 ms", "3.4 s". */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds >= 1000) {
    return `${(milliseconds / 1000).toFixed(1)} s`;
  }
  return milliseconds >= 10 ? `${milliseconds.toFixed(0)} ms` : `${milliseconds.toFixed(1)} ms`;
}

function quantiles({ p50, p99 }: { p50: number; p99: number }): string {
  return p99 === 0 ? "none yet" : `p50 ${formatMilliseconds(p50)}, p99 ${formatMilliseconds(p99)}`;
}

/** The whole status, for a terminal. */
export function statusLines(status: SimulationStatus): string[] {
  const { agents, counts } = status;
  return [
    `${status.phase}, ${status.seconds.toFixed(0)} s; ${status.violations} violations`,
    `  agents      ${agents.connected} connected of ${status.machines}, ${agents.watching} watching; ` +
      `${agents.idle} idle, ${agents.installing} installing, ${agents.reporting} reporting, ${agents.away} away`,
    `  heartbeats  ${status.heartbeatsPerSecond.toFixed(0)} a second; ${quantiles(status.heartbeat)}; ` +
      `${counts.heartbeatsUnavailable} unanswered so far`,
    `  requests    ${counts.requests} made, ${status.open} open; heard of after: ${quantiles(status.heard)}`,
    `  results     ${counts.succeeded} succeeded, ${counts.failed} failed, ${counts.cancelled} cancelled, ` +
      `${counts.replaced} replaced`,
    `  faults      ${counts.disconnects} connections lost, ${counts.kills} agents killed, ${counts.duplicates} ` +
      `duplicated, ${counts.storms} storms`,
  ];
}

function statusLine(status: SimulationStatus): string {
  const { agents, counts } = status;
  return (
    `${status.seconds.toFixed(0).padStart(5)} s ${status.phase}: ${agents.connected}/${status.machines} connected, ` +
    `${status.heartbeatsPerSecond.toFixed(0)} heartbeats/s, ${quantiles(status.heartbeat)}; ${agents.installing} ` +
    `installing, ${status.open} open of ${counts.requests} requests; ${status.violations} violations`
  );
}
