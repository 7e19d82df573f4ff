import { durationText } from "../../../lib/format/duration.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** What was seen of its boots from the network, of which no agent came. Pure. */
export function netbootCauses({ netboot, now }: ExplainFacts): Cause[] {
  if (netboot === undefined || netboot.asked + netboot.loaded === 0) {
    return [];
  }
  const { asked, loaded, since, lastAt } = netboot;
  const age = (time: Date): string => durationText(now.getTime() - time.getTime());
  const times = (count: number): string => (count === 1 ? "once" : `${count} times`);
  const memory =
    "too little memory is the usual reason (lab machines have 2048 MiB unless they were made with another --memory)";
  const text =
    loaded === 0
      ? `it was told to start the agent ${times(asked)} since ${age(since)}, the last time ${age(lastAt)} ago, and never fetched kernel and initramfs whole: ${memory}, or its connection breaks off`
      : `it fetched kernel and initramfs ${times(loaded)} since ${age(since)}, the last time ${age(lastAt)} ago, and no agent called: ` +
        (loaded > 1
          ? `its system starts and ends again: ${memory}; its console says more`
          : "it is starting, or its system can't go on: too little memory, no driver for its network, or no way to the agent port");
  return [{ kind: "boot-window", text }];
}
