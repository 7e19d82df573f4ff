import { buildCommand } from "@stricli/core";
import type { RolloutCreateFlags } from "../actions/rollout-create.ts";
import type { CliContext } from "../context.ts";
import { optionalFlag, repeatedFlag, requiredFlag, textFlag } from "../flags/flag.ts";
import { rolloutCommandFlags } from "../flags/rollout-command.ts";
import { docs } from "../line/docs.ts";
import { parsePositive } from "../line/positive.ts";

export const rolloutCreateCommand = buildCommand<RolloutCreateFlags, [], CliContext>({
  docs: docs(
    "Plan the installation of many machines by a profile, in waves",
    "Nothing is requested before `farrier rollout start`. The control plane carries the rollout out: it needs no terminal. " +
      "A wave ends when each of its machines is installed or has failed, and then the next begins.",
    [
      "farrier rollout create --profile web --label rack=b12 --waves 1,10,rest --stop-after 5%",
      "farrier rollout create --profile web --machines web1,web2,web3",
      "farrier rollout create --profile web --all-in state=ready,provider=static --window 01:00-05:00 --time-zone Europe/Berlin",
    ],
  ),
  parameters: {
    flags: {
      ...rolloutCommandFlags,
      name: textFlag("Name of the rollout (default: the profile's, with a number)", "NAME"),
      profile: requiredFlag("Install by this profile: NAME or NAME@VERSION", "PROFILE"),
      set: repeatedFlag("A value for the profile's templates; repeatable", "NAME=VALUE"),
      machines: repeatedFlag("These machines, ids or names, separated by commas; repeatable", "MACHINES"),
      label: repeatedFlag("Machines with this label; repeatable, a machine must have all of them", "KEY=VALUE"),
      allIn: textFlag(
        "All machines that meet these conditions: state=, provider=, location=, name=PREFIX, search=, separated by commas; or fleet",
        "FILTER",
      ),
      waves: textFlag("Machines of each wave, such as 1,10,rest (default: one wave)", "SIZES"),
      parallel: optionalFlag("Maximum number of machines that install at a time (default: 50)", "N", parsePositive),
      stopAfter: textFlag("Begin no more machines after this number of failures, or share of them", "N|N%"),
      window: textFlag("Begin machines only at this time of day", "HH:MM-HH:MM"),
      timeZone: textFlag("The time zone of the window", "ZONE"),
    },
  },
  loader: async () => (await import("../actions/rollout-create.ts")).rolloutCreateAction,
});
