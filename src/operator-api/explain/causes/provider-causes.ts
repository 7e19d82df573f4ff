import { durationText } from "../../../lib/format/duration.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** What is wrong with the machine's provider, or with the machine there: it keeps its power switch from working. Pure. */
export function providerCauses({ now, record: { provided, providing } }: ExplainFacts): Cause[] {
  const { vanishedAt, unreachable, power } = providing ?? {};
  const provider = provided?.provider ?? "?";
  return [
    ...(power === true && provided?.status?.toLowerCase() === "off"
      ? [{ kind: "no-power" as const, text: `it has no power, as its provider ${provider} says` }]
      : []),
    ...(vanishedAt === undefined
      ? []
      : [
          {
            kind: "machine-vanished" as const,
            text: `provider ${provider} no longer lists it, since ${vanishedAt.toISOString()}`,
          },
        ]),
    ...(unreachable === undefined
      ? []
      : [
          {
            kind: "provider-unreachable" as const,
            text: `provider ${provider} can't be reached for ${durationText(now.getTime() - unreachable.since.getTime())}: ${unreachable.cause}`,
          },
        ]),
  ];
}
