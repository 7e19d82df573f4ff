import { durationText } from "../../../lib/format/duration.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** Maximum characters of a line of the log. */
const lineMost = 200;

/** What is known of a machine whose installed system did not report that it came up. Pure. */
export function silenceCauses({ record, now, bootOverride, logTail = [] }: ExplainFacts): Cause[] {
  const { cameUp, installed, power } = record;
  const ago = (at: Date): string => `${durationText(now.getTime() - at.getTime())} ago`;
  const causes: Cause[] = [];
  if (installed !== undefined) {
    causes.push({
      kind: "system-silent",
      text: `generation ${installed.generation} was installed ${ago(installed.at)}, and its system did not report within ${durationText(
        (cameUp?.expected?.withinSeconds ?? 0) * 1000,
      )} that it came up`,
    });
  }
  if (power !== undefined) {
    causes.push({
      kind: "system-silent",
      text: `its power was ${power.power}, read ${ago(power.readAt)} from ${power.readFrom}`,
    });
  }
  if (bootOverride !== undefined) {
    causes.push({
      kind: "system-silent",
      text: "its controller may still send it to the network instead of its disk: the boot override could not be removed",
    });
  }
  const last = logTail.at(-1);
  if (last !== undefined) {
    causes.push({
      kind: "system-silent",
      text: `its agent's log ended ${ago(last.at)} with: ${logTail.map(({ text }) => text.slice(0, lineMost)).join("; ")}`,
    });
  }
  return causes;
}
