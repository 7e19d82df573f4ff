import { durationText } from "../../../lib/format/duration.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** What is known of a machine whose installed system did not report that it came up. Pure. */
export function silenceCauses({ record, now, bootOverride }: ExplainFacts): Cause[] {
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
  return causes;
}
