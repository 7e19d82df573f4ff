import { agentMemoryMiB } from "../../../contract/agent-memory.ts";
import { durationText } from "../../../lib/format/duration.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** Network boots that were seen but led to no agent. Pure. */
export function netbootCauses({ netboot, now }: ExplainFacts): Cause[] {
  if (netboot === undefined || netboot.asked + netboot.loaded === 0) {
    return [];
  }
  const { asked, loaded, since, lastAt } = netboot;
  const age = (time: Date): string => durationText(now.getTime() - time.getTime());
  const times = (count: number): string => (count === 1 ? "once" : `${count} times`);
  const memory = `too little memory is the usual reason (the agent needs ${agentMemoryMiB} MiB; lab machines have 2048 unless --memory says otherwise)`;
  const text =
    loaded === 0
      ? `it was told to start the agent ${times(asked)} since ${age(since)}, the last time ${age(lastAt)} ago, and never fetched kernel and initramfs whole: ${memory}, or its connection breaks off`
      : `it fetched kernel and initramfs ${times(loaded)} since ${age(since)}, the last time ${age(lastAt)} ago, and no agent called: ` +
        (loaded > 1
          ? `its system starts and ends again: ${memory}; see its console`
          : `it is starting, or its system is stuck: less than ${agentMemoryMiB} MiB of memory, no driver for its network, or no route to the agent port`);
  return [{ kind: "boot-window", text }];
}
