import { randomUUID } from "node:crypto";
import { RolloutCreateResponseSchema } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { defined } from "../../lib/defined.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { RolloutCommandFlags } from "../flags/rollout-command.ts";
import { parseStopAfter, parseWaves, parseWindow, rolloutFilter } from "../line/rollout-choice.ts";
import { parseTemplateValues } from "../line/template-values.ts";
import { rolloutAnswer } from "../show/rollout-answer.ts";

/** Flags of `farrier rollout create`. */
export interface RolloutCreateFlags extends RolloutCommandFlags {
  name: string | undefined;
  profile: string;
  set: readonly string[] | undefined;
  machines: readonly string[] | undefined;
  label: readonly string[] | undefined;
  allIn: string | undefined;
  waves: string | undefined;
  parallel: number | undefined;
  stopAfter: string | undefined;
  window: string | undefined;
  timeZone: string | undefined;
}

/** `farrier rollout create` */
export async function rolloutCreateAction(this: CliContext, flags: RolloutCreateFlags): Promise<void> {
  const asked = {
    requestId: flags.requestId ?? randomUUID(),
    name: flags.name ?? "",
    profile: flags.profile,
    values: parseTemplateValues(flags.set ?? []),
    machines: (flags.machines ?? []).flatMap((text) => text.split(",")).filter((text) => text !== ""),
    waves: flags.waves === undefined ? [] : parseWaves(flags.waves),
    parallel: flags.parallel ?? 0,
    ...(flags.stopAfter === undefined ? {} : parseStopAfter(flags.stopAfter)),
    ...defined({
      filter: rolloutFilter(flags.label ?? [], flags.allIn),
      window: parseWindow(flags.window, flags.timeZone),
    }),
  };
  if (asked.machines.length === 0 && asked.filter === undefined) {
    throw new CliError(
      "usage",
      "no machine is named: expected --machines web1,web2, --label KEY=VALUE, or --all-in with conditions or fleet",
    );
  }
  const { rollouts } = await operatorClient(flags, this.process.env);
  const message = await rollouts.rolloutCreate(asked);
  rolloutAnswer(this, flags, RolloutCreateResponseSchema, message);
}
