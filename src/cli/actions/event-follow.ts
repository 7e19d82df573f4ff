import { systemClock } from "../../lib/clock.ts";
import { printable } from "../../lib/format/printable.ts";
import { operatorClient } from "../call/client.ts";
import { streamOn } from "../call/stream-on.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";
import { eventsOf, type EventsFlags } from "../flags/events.ts";
import { written } from "../call/written.ts";
import { outputFormat } from "../show/answer.ts";

/** Flags of `farrier event follow`. */
export interface EventFollowFlags extends ClientFlags, EventsFlags {
  since: string | undefined;
}

/** `farrier event follow`. It ends only when it is interrupted or refused. */
export async function eventFollowAction(this: CliContext, flags: EventFollowFlags): Promise<void> {
  const format = outputFormat(flags);
  if (format === "yaml" || format === "name") {
    throw new CliError("usage", `--output ${format}: events are printed one a line; expected json or wide`);
  }
  const { events } = await operatorClient(flags, this.process.env);
  const { stdout, stderr } = this.process;
  const query = { events: eventsOf(flags) };
  let cursor = flags.since === undefined || flags.since === "start" ? "" : flags.since;
  const follow = async (heard: () => void): Promise<void> => {
    const from = { cursor, fromStart: cursor === "" && flags.since === "start" };
    // A stream that ends or breaks is continued from the last cursor whose events are written out.
    for await (const response of events.eventFollow({ ...query, ...from }, { timeoutMs: 0 })) {
      heard();
      const lines = response.events.map(({ cloudEvent }) =>
        format === "json" ? cloudEvent : printable(eventWords(cloudEvent)),
      );
      if (lines.length > 0) {
        await written(stdout, `${lines.join("\n")}\n`);
      }
      ({ cursor } = response);
    }
  };
  await streamOn(follow, systemClock, (text) => stderr.write(`${text}\n`));
}

/** What text needs of a CloudEvent. */
interface ShownEvent {
  type: string;
  time: string;
  subject: string;
  data: { machine?: string; generation?: string; actor: { name: string } };
}

function eventWords(json: string): string {
  const { type, time, subject, data } = JSON.parse(json) as ShownEvent;
  const generation = data.generation === undefined ? "" : `, generation ${data.generation}`;
  const what = type.replace(/^farrier\./u, "");
  return `${time.slice(0, 19)}Z ${data.machine ?? subject} ${what}${generation}, by ${data.actor.name}`;
}
