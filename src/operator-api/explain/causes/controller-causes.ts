import { durationText } from "../../../lib/format/duration.ts";
import type { Cause, ExplainFacts } from "../facts.ts";
import { isLeftRunning } from "../switched-by.ts";

/** Faults of the machine's controller, and what keeps it from being used. Pure. */
export function controllerCauses({ now, record }: ExplainFacts): Cause[] {
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
    ...(candidate === "ShepherdAgentStart" && isLeftRunning(record)
      ? [
          {
            kind: "left-running" as const,
            text: `its power is ${power?.power ?? "unknown"}, and nobody has allowed to stop what runs on it`,
          },
        ]
      : []),
    ...(controller !== undefined && power?.power === "off" && candidate !== "ShepherdAgentStart"
      ? [{ kind: "no-power" as const, text: "it has no power, according to its controller" }]
      : []),
  ];
}
