import { FleetGroupBy, FleetGroupsResponseSchema, type FleetGroup } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";

/** Flags of `farrier fleet groups`. */
export interface FleetGroupsFlags extends ClientFlags, WatchFlags {
  label: string | undefined;
  by: "provider" | "location" | undefined;
}

/** `farrier fleet groups` */
export async function fleetGroupsAction(this: CliContext, flags: FleetGroupsFlags): Promise<void> {
  const { label, by } = flags;
  if (label !== undefined && by !== undefined) {
    throw new CliError("usage", "--label and --by are given: expected one of them");
  }
  const query =
    label === undefined
      ? { by: by === "location" ? FleetGroupBy.LOCATION : FleetGroupBy.PROVIDER }
      : { by: FleetGroupBy.LABEL, label };
  const { fleet } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const message = await fleet.fleetGroups(query);
    const { groups, more } = message;
    return answerOf({
      schema: FleetGroupsResponseSchema,
      message,
      names: () => groups.map((group) => nameOf(group)),
      text: ({ table }) =>
        groups.length === 0
          ? ""
          : table(
              [
                label?.toUpperCase() ?? (by ?? "provider").toUpperCase(),
                "MACHINES",
                { title: "STATES", wrapped: true },
              ],
              groups.map((group) => [nameOf(group), String(group.machines), statesOf(group)]),
            ),
      note:
        groups.length === 0
          ? "no machines yet"
          : more
            ? "there are more, each with fewer machines or as few"
            : undefined,
    });
  });
}

const nameOf = ({ none, value }: FleetGroup): string => (none ? "-" : value === "" ? '""' : value);

function statesOf({ states }: FleetGroup): string {
  return Object.entries(states)
    .toSorted(([, one], [, other]) => Number(other - one))
    .map(([state, count]) => `${count} ${state}`)
    .join(", ");
}
