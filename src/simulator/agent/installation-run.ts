import { Phase } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import { pushbackDelay } from "../../lib/retry.ts";
import type { SimulatedEnd } from "./agent-state.ts";
import type { CallAnswer } from "./simulated-calls.ts";
import { grpcCode } from "./grpc-connection.ts";
import { imageErrors, type InstallationPlan } from "./installation-plan.ts";

/** The progress of an installation. */
export interface InstallationProgress {
  phase: Phase;
  bytesDone: bigint;
  bytesTotal: bigint;
}

/** What an installation needs from its agent. */
interface InstallationContext {
  plan: InstallationPlan;
  clock: Clock;
  random: () => number;
  signal: AbortSignal;
  /** Resolves to the generation that is called off, or 0. */
  report: (progress: InstallationProgress) => Promise<CallAnswer<bigint>>;
  /** WRITING, requested at `sentAt`, is acknowledged. */
  writing: (sentAt: number) => void;
}

/** Milliseconds between byte counts, as the agent sends them. */
const countEvery = 1_000;
const acknowledgement = { initial: 500, maximum: 30_000, factor: 2 };

/**
 * Goes through an installation like an agent, without writing: no "byte" before WRITING is acknowledged, which it
 * requests until it is. Never rejects.
 */
export async function installationRun(context: InstallationContext): Promise<SimulatedEnd> {
  const { plan, clock, signal } = context;
  const none = { bytesDone: 0n, bytesTotal: 0n };
  try {
    await tell(context, { phase: Phase.SELECTING_DISK, ...none });
    await clock.sleep(plan.selecting, signal);
    if (plan.fault === "missing") {
      return { kind: "error", error: imageErrors.missing };
    }
    await acknowledgeWriting(context);
    const truncated = plan.fault === "truncated";
    await write(context, truncated ? plan.failsAt : 1);
    if (plan.fault !== undefined) {
      return { kind: "error", error: imageErrors[plan.fault] };
    }
    await tell(context, { phase: Phase.VERIFYING, bytesDone: plan.bytesTotal, bytesTotal: plan.bytesTotal });
    await clock.sleep(plan.verifying, signal);
    return { kind: "success" };
  } catch (error) {
    if (error instanceof CalledOff || signal.aborted) {
      return { kind: "dropped" };
    }
    throw error;
  }
}

/** The control plane called it off, or refuses the agent. */
class CalledOff extends Error {}

async function acknowledgeWriting(context: InstallationContext): Promise<void> {
  const { clock, random, signal } = context;
  for (let attempt = 0; ; attempt += 1) {
    const sentAt = clock.monotonic();
    const answer = await context.report({ phase: Phase.WRITING, bytesDone: 0n, bytesTotal: 0n });
    signal.throwIfAborted();
    heed(answer);
    if (answer.ok) {
      context.writing(sentAt);
      return;
    }
    const options = { pushback: answer.retryAfter, longest: 60_000, random };
    await clock.sleep(pushbackDelay(acknowledgement, attempt, options), signal);
  }
}

async function write(context: InstallationContext, share: number): Promise<void> {
  const { plan, clock, signal } = context;
  const begun = clock.monotonic();
  const end = begun + plan.writing * share;
  for (let now = begun; now < end; now = clock.monotonic()) {
    await clock.sleep(Math.min(countEvery, end - now), signal);
    const done = Math.min(share, (clock.monotonic() - begun) / plan.writing);
    const bytesDone = BigInt(Math.floor(Number(plan.bytesTotal) * done));
    await tell(context, { phase: Phase.WRITING, bytesDone, bytesTotal: plan.bytesTotal });
  }
}

/** Reports the progress once; if that fails, the next count makes up for it. */
async function tell(context: InstallationContext, progress: InstallationProgress): Promise<void> {
  heed(await context.report(progress));
  context.signal.throwIfAborted();
}

function heed(answer: CallAnswer<bigint>): void {
  if (answer.ok ? answer.answer !== 0n : answer.code === grpcCode.unauthenticated) {
    throw new CalledOff();
  }
}
