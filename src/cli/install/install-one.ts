import type { ImageInstallation } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import type { InstallationRequestResponse, RetryPolicy } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { InstallationState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { OperatorClient } from "../call/client.ts";
import type { InstallDisplay } from "./install-display.ts";
import { installOutcome, type Outcome } from "./install-outcome.ts";
import type { InstallTarget } from "./install-targets.ts";
import { patiently } from "../call/patience.ts";

/** What an installation command does to each of its machines. */
export interface InstallPlan {
  client: OperatorClient;
  /** Limits how many calls are under way. */
  limit: <T>(call: () => Promise<T>) => Promise<T>;
  clock: Clock;
  display: InstallDisplay;
  requestId: string;
  image: ImageInstallation;
  /** Take the place of the pending generation that was seen. */
  replace: boolean;
  /** 0 = the next one. */
  generation: bigint;
  /** Have it accepted whatever the hardware report says. */
  ignoreHardwareReport: boolean;
  wait: boolean;
  /** Tries after an error; undefined = none. */
  retry: RetryPolicy | undefined;
}

/** What the installation would do to one machine; nothing is asked for. */
export async function installDry(plan: InstallPlan, target: InstallTarget): Promise<InstallationRequestResponse> {
  const { requestId, image, ignoreHardwareReport, retry, client } = plan;
  const seen = target.machine?.installation;
  const pending = seen?.state === InstallationState.PENDING ? seen.generation : 0n;
  return plan.limit(() =>
    client.installations.installationRequest({
      requestId,
      machine: target.id,
      image,
      replaceGeneration: plan.replace ? pending : 0n,
      generation: plan.generation,
      ignoreHardwareReport,
      dryRun: true,
      ...(retry === undefined ? {} : { retry }),
    }),
  );
}

/** Asks one machine to install. Once under a request id, however often it is called. */
export async function installRequest(plan: InstallPlan, target: InstallTarget): Promise<bigint> {
  const seen = target.machine?.installation;
  const pending = seen?.state === InstallationState.PENDING ? seen.generation : 0n;
  const { requestId, image } = plan;
  const call = (): Promise<{ generation: bigint }> =>
    plan.limit(() =>
      plan.client.installations.installationRequest({
        requestId,
        machine: target.id,
        image,
        replaceGeneration: plan.replace ? pending : 0n,
        generation: plan.generation,
        ignoreHardwareReport: plan.ignoreHardwareReport,
        ...(plan.retry === undefined ? {} : { retry: plan.retry }),
      }),
    );
  const { generation } = await (plan.wait ? patiently(call, plan.clock, note(plan, target)) : call());
  return generation;
}

/** Milliseconds between looks at a machine: short at first, so that what is quick is told quickly. */
const interval = { first: 250, last: 1_000 };

/** Waits for the final result of a generation, and shows how far it is. */
export async function installWait(
  plan: InstallPlan,
  target: InstallTarget,
  generation: bigint,
): Promise<Exclude<Outcome, { kind: "pending" }>> {
  const { client, clock, display, limit } = plan;
  try {
    for (let milliseconds = interval.first; ; milliseconds = Math.min(milliseconds * 1.25, interval.last)) {
      const show = (): ReturnType<typeof client.machines.machineShow> =>
        limit(() => client.machines.machineShow({ machine: target.id }));
      const { machine } = await patiently(show, clock, note(plan, target));
      const outcome = installOutcome(machine, generation);
      if (outcome.kind !== "pending") {
        return outcome;
      }
      display.progress(target.title, outcome.installation);
      await clock.sleep(milliseconds);
    }
  } finally {
    display.finished(target.title);
  }
}

function note({ display }: InstallPlan, { title }: InstallTarget): (text: string) => void {
  return (text) => display.line(`${title}: ${text}`);
}
