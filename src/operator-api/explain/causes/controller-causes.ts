import { durationText } from "../../../lib/format/duration.ts";
import type { MachineRecord } from "../../../database/queries/views/machine-record.ts";
import type { Cause, ExplainFacts } from "../facts.ts";
import { isLeftRunning } from "../switched-by.ts";

/** Faults of the machine's controller, and what keeps it from being used. Pure. */
export function controllerCauses({ now, record, bootOverride }: ExplainFacts): Cause[] {
  const { controller, power, candidate } = record;
  return [
    ...(controller?.failure === undefined
      ? []
      : [
          {
            kind: "controller-failing" as const,
            text: `its controller ${controller.url} has not worked for ${durationText(now.getTime() - controller.failure.since.getTime())}: ${controller.failure.cause}`,
          },
        ]),
    ...(candidate !== undefined && isLeftRunning(record)
      ? [
          {
            kind: "left-running" as const,
            text: leftText(record),
          },
        ]
      : []),
    ...(bootOverride === undefined
      ? []
      : [
          {
            kind: "boot-override" as const,
            text:
              `its controller may still send it to the network at its next boot, because removing the boot override has failed ` +
              `${bootOverride.failures === 1 ? "once" : `${bootOverride.failures} times`} since ${bootOverride.failedAt.toISOString()}: ${bootOverride.cause}. ` +
              `A shepherd tries again after ${bootOverride.nextAt.toISOString()}`,
          },
        ]),
    ...(controller !== undefined && power?.power === "off" && candidate !== "ShepherdAgentStart"
      ? [{ kind: "no-power" as const, text: "it has no power, according to its controller" }]
      : []),
  ];
}

function leftText({ power }: MachineRecord): string {
  const nobody = "nobody has allowed to stop what runs on it";
  return power?.power === "off"
    ? `it was found running before, and ${nobody}. It is off now, and stays as it is: its owner may have switched it off for a while`
    : `its power is ${power?.power ?? "unknown"}, and ${nobody}`;
}
