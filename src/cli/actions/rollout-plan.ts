import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { RolloutMachineListResponseSchema } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { operatorClient } from "../call/client.ts";
import { pages } from "../call/pages.ts";
import type { CliContext } from "../context.ts";
import type { PageFlags } from "../flags/page.ts";
import type { RolloutCommandFlags } from "../flags/rollout-command.ts";
import { answer } from "../show/answer.ts";
import { rolloutMachineColumns, rolloutMachineRow } from "../show/rollout-lines.ts";
import { parseRolloutMachineStates } from "../show/states.ts";

/** Flags of `farrier rollout plan`. */
export interface RolloutPlanFlags extends RolloutCommandFlags, PageFlags {
  anew: boolean | undefined;
  state: readonly string[] | undefined;
}

/** `farrier rollout plan` */
export async function rolloutPlanAction(this: CliContext, flags: RolloutPlanFlags, rollout: string): Promise<void> {
  const states = parseRolloutMachineStates(flags.state ?? []);
  const { rollouts } = await operatorClient(flags, this.process.env);
  if (flags.anew === true) {
    await rollouts.rolloutReplan({ requestId: flags.requestId ?? randomUUID(), rollout });
  }
  const { items, more, nextPageToken } = await pages(flags, async (page) => {
    const response = await rollouts.rolloutMachineList({ ...page, rollout, states });
    return { items: response.machines, nextPageToken: response.nextPageToken };
  });
  answer(this, flags, {
    schema: RolloutMachineListResponseSchema,
    message: create(RolloutMachineListResponseSchema, { machines: items, nextPageToken }),
    names: () => items.map(({ name, machineId }) => (name === "" ? machineId : name)),
    text: ({ table }) =>
      items.length === 0
        ? ""
        : table(
            [...rolloutMachineColumns.slice(0, -1), { title: "WHY", wrapped: true }],
            items.map((machine) => rolloutMachineRow(machine)),
          ),
    note: items.length === 0 ? "no machines" : more,
  });
}
