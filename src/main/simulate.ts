import type { SimulateOptions } from "./options.ts";
import { systemClock } from "../lib/clock.ts";
import { createDisplay, formatMilliseconds } from "../simulator/display.ts";
import { faultsParse, SimulationRefused } from "../simulator/options.ts";
import { simulate } from "../simulator/simulate.ts";
import type { SimulationSummary } from "../simulator/record/summary.ts";
import { untilStopped } from "./parts/until-stopped.ts";

/** Maximum number of violations that are listed. */
const toldViolations = 20;

/** `farrier simulate`: a simulated fleet. Resolves to the exit status: 1 if the control plane broke a rule. */
export async function simulateProcess(options: SimulateOptions): Promise<number> {
  const { json, operators, ...rest } = options;
  const output = json ? process.stderr : process.stdout;
  const display = createDisplay(output);
  const stop = new AbortController();
  void untilStopped().then((signal) => {
    display.tell(`told to stop by ${signal}: coming to an end`);
    stop.abort();
  });
  try {
    const { summary } = await simulate(
      {
        ...rest,
        faults: options.faults === undefined ? [] : faultsParse(options.faults),
        operators: [operators],
      },
      {
        clock: systemClock,
        signal: stop.signal,
        status: (status) => display.show(status),
        tell: (text) => display.tell(text),
      },
    );
    display.end();
    process.stdout.write(json ? `${JSON.stringify(summary, null, 2)}\n` : `${summaryText(summary)}\n`);
    for (const violation of json ? [] : summary.violations.slice(0, toldViolations)) {
      process.stderr.write(`violation: ${violation}\n`);
    }
    return summary.violations.length === 0 ? 0 : 1;
  } catch (error) {
    if (error instanceof SimulationRefused || error instanceof RangeError) {
      process.stderr.write(`farrier: ${error.message}\n`);
      return 2;
    }
    throw error;
  }
}

function summaryText(summary: SimulationSummary): string {
  const { counts, heartbeat, heard, generations } = summary;
  const closed = Object.entries(generations.closed).map(([how, count]) => `${count} ${how}`);
  return [
    `${summary.agents} agents, ${summary.seconds.toFixed(0)} s: ${counts.heartbeats} heartbeats ` +
      `(${summary.heartbeatsPerSecond} a second), p50 ${formatMilliseconds(heartbeat.p50)}, ` +
      `p99 ${formatMilliseconds(heartbeat.p99)}`,
    `${counts.requests} requests: ${closed.join(", ")}; heard of over Watch after p50 ` +
      `${formatMilliseconds(heard.watch.p50)}, p99 ${formatMilliseconds(heard.watch.p99)} (${heard.watch.count}); ` +
      `with a heartbeat ${heard.heartbeat.count}`,
    summary.violations.length === 0
      ? "nothing was lost, and nothing done twice"
      : `${summary.violations.length} violations`,
  ].join("\n");
}
