import type { InstallationRequestResponse, RetryPolicy } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { InstallationState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { OperatorClient } from "../call/client.ts";
import type { InstallDisplay } from "./install-display.ts";
import { installOutcome, type Outcome } from "./install-outcome.ts";
import type { InstallTarget } from "./install-targets.ts";
import type { InstallWhat } from "./install-image.ts";
import { patiently } from "../call/patience.ts";
import { defined } from "../../lib/defined.ts";

/** What an installation command requests for each of its machines. */
export interface InstallPlan {
  client: OperatorClient;
  /** Limits the number of calls in flight. */
  limit: <T>(call: () => Promise<T>) => Promise<T>;
  clock: Clock;
  display: InstallDisplay;
  requestId: string;
  what: InstallWhat;
  /** Replace the pending generation that was seen. */
  replace: boolean;
  /** The generation to request; 0 means the next one. */
  generation: bigint;
  /** Accept the request even if the hardware report contradicts it. */
  ignoreHardwareReport: boolean;
  wait: boolean;
  /** The retry budget; undefined means no retries. */
  retry: RetryPolicy | undefined;
}

/** Asks for the plan for one machine, without requesting anything. */
export async function installDry(plan: InstallPlan, target: InstallTarget): Promise<InstallationRequestResponse> {
  const { requestId, what, ignoreHardwareReport, retry, client } = plan;
  const seen = target.machine?.installation;
  const pending = seen?.state === InstallationState.PENDING ? seen.generation : 0n;
  return plan.limit(() =>
    client.installations.installationRequest({
      requestId,
      machine: target.id,
      ...what,
      replaceGeneration: plan.replace ? pending : 0n,
      generation: plan.generation,
      ignoreHardwareReport,
      dryRun: true,
      ...defined({ retry }),
    }),
  );
}

/** Requests the installation for one machine. Repeated calls use the same request id, so it is requested once. */
export async function installRequest(plan: InstallPlan, target: InstallTarget): Promise<bigint> {
  const seen = target.machine?.installation;
  const pending = seen?.state === InstallationState.PENDING ? seen.generation : 0n;
  const { requestId, what } = plan;
  const call = (): Promise<{ generation: bigint }> =>
    plan.limit(() =>
      plan.client.installations.installationRequest({
        requestId,
        machine: target.id,
        ...what,
        replaceGeneration: plan.replace ? pending : 0n,
        generation: plan.generation,
        ignoreHardwareReport: plan.ignoreHardwareReport,
        ...defined({ retry: plan.retry }),
      }),
    );
  const { generation } = await (plan.wait ? patiently(call, plan.clock, note(plan, target)) : call());
  return generation;
}

/** Milliseconds between two polls of a machine: short at first, so that fast changes are shown quickly. */
const interval = { first: 250, last: 1_000 };

/** Waits for the final result of a generation, and for the report that it came up if one is expected. Shows the progress. */
export async function installWait(
  plan: InstallPlan,
  target: InstallTarget,
  generation: bigint,
): Promise<Exclude<Outcome, { kind: "pending" | "coming-up" }>> {
  const { client, clock, display, limit } = plan;
  try {
    for (let milliseconds = interval.first; ; milliseconds = Math.min(milliseconds * 1.25, interval.last)) {
      const show = (): ReturnType<typeof client.machines.machineShow> =>
        limit(() => client.machines.machineShow({ machine: target.id }));
      const { machine } = await patiently(show, clock, note(plan, target));
      const outcome = installOutcome(machine, generation);
      switch (outcome.kind) {
        case "pending":
          display.progress(target.title, outcome.installation);
          break;
        case "coming-up":
          display.waiting(target.title, outcome.words);
          break;
        default:
          return outcome;
      }
      await clock.sleep(milliseconds);
    }
  } finally {
    display.finished(target.title);
  }
}

function note({ display }: InstallPlan, { title }: InstallTarget): (text: string) => void {
  return (text) => display.line(`${title}: ${text}`);
}
