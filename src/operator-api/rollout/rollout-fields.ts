import { z } from "zod";
import { rolloutMachineStateWords } from "../../contract/words/rollout.ts";
import { wordOf } from "../../contract/words/table.ts";
import { dayMinutes, isTimeZone } from "../../contract/rollout/window.ts";
import { rolloutMachinesMost } from "../../database/queries/rollout/rollout-choose.ts";
import { rolloutMachineStates } from "../../database/queries/rollout/rollout-counts.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { machineNamePattern } from "../../contract/machine-name.ts";
import { templateValuesField } from "../profile/spec-field.ts";
import { machineFilterField } from "../requests/machine-filter.ts";
import { pageTokenMessage } from "../requests/page-token.ts";
import { line, requestIdField } from "../requests/validate.ts";
import { catalogueNameField, profileReferenceField } from "../requests/version-reference.ts";

const minutesField = z.string().transform((text, context) => {
  const minutes = dayMinutes(text);
  if (minutes === undefined) {
    context.addIssue({ code: "custom", message: "expected a time of day such as 01:00" });
    return z.NEVER;
  }
  return minutes;
});

const windowField = z
  .object({
    from: minutesField,
    to: minutesField,
    timeZone: line(64).refine(isTimeZone, "expected a name of the time zone database, such as Europe/Berlin or UTC"),
  })
  .refine(({ from, to }) => from !== to, { path: ["to"], message: "is the same time as from: expected another" })
  .optional();

const upTo = (most: number, what: string) => z.int().min(0, `expected ${what}`).max(most, `expected ${what}`);

/** A rollout's name. */
export const rolloutNameField = catalogueNameField;

/** Which failures RolloutRetryFailed takes besides the rollout. */
export const rolloutRetryFailedRequest = z.object({
  causes: z.array(catalogueNameField).max(32, "expected at most 32"),
});

/** What RolloutCreate takes. */
export const rolloutCreateRequest = z
  .object({
    requestId: requestIdField,
    name: z.union([z.literal(""), catalogueNameField]),
    profile: profileReferenceField,
    values: templateValuesField,
    machines: z
      .array(
        z
          .string()
          .refine((text) => isUuid(text) || machineNamePattern.test(text), "expected a machine's UUID or its name"),
      )
      .max(rolloutMachinesMost, `expected at most ${rolloutMachinesMost}`),
    filter: machineFilterField,
    waves: z
      .array(upTo(rolloutMachinesMost, `1 to ${rolloutMachinesMost} machines, or 0 for the rest`))
      .max(100, "expected at most 100")
      .refine((waves) => waves.slice(0, -1).every((size) => size > 0), "0, the rest, is only for the last wave"),
    parallel: upTo(1000, "1 to 1000, or 0 for 50").transform((parallel) => (parallel === 0 ? 50 : parallel)),
    stopAfter: upTo(rolloutMachinesMost, `1 to ${rolloutMachinesMost} failures, or 0 for whatever fails`),
    stopAfterPercent: upTo(100, "1 to 100 percent, or 0 for whatever fails"),
    window: windowField,
  })
  .refine(({ machines, filter }) => (machines.length === 0) !== (filter === undefined), {
    path: ["machines"],
    message: "expected machines or a filter, one of the two",
  })
  .refine(({ stopAfter, stopAfterPercent }) => stopAfter === 0 || stopAfterPercent === 0, {
    path: ["stopAfterPercent"],
    message: "is there with stop_after: expected one of the two",
  });

/** A command about a rollout. */
export const rolloutCommandRequest = z.object({ requestId: requestIdField, rollout: rolloutNameField });

/** States of machines in a rollout. */
export const rolloutMachineStatesField = z
  .array(z.number())
  .max(16, "expected at most 16 states")
  .transform((states, context) =>
    states.flatMap((state) => {
      const word = wordOf(rolloutMachineStateWords, state)?.replace("-", "_");
      const known = rolloutMachineStates.find((name) => name === word);
      if (known === undefined) {
        context.addIssue({ code: "custom", message: "this server knows no such state" });
        return [];
      }
      return [known];
    }),
  );

/** A page token that is a number. */
export const numberPageTokenField = z
  .string()
  .refine((token) => /^(?:|[1-9]\d{0,8})$/u.test(token), pageTokenMessage)
  .transform((token) => Number(token));
