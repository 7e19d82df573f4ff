import { durationText } from "../../../lib/format/duration.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/**
 * Faults of the machine's provider, or of the machine at its provider, that keep its power switch from working. Pure.
 */
export function providerCauses({ now, record: { provided, providing } }: ExplainFacts): Cause[] {
  const { vanishedAt, unreachable, power } = providing ?? {};
  const provider = provided?.provider ?? "?";
  return [
    ...(power === true && provided?.status?.toLowerCase() === "off"
      ? [{ kind: "no-power" as const, text: `it has no power, according to its provider ${provider}` }]
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
            text: `provider ${provider} has been unreachable for ${durationText(now.getTime() - unreachable.since.getTime())}: ${unreachable.cause}`,
          },
        ]),
  ];
}
