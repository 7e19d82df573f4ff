import { randomUUID } from "node:crypto";
import { userDataDoubt } from "../../contract/user-data.ts";
import { systemClock } from "../../lib/clock.ts";
import { defined } from "../../lib/defined.ts";
import { printable } from "../../lib/format/printable.ts";
import { operatorClient } from "../call/client.ts";
import { interruptedStatus, untilInterrupted } from "../call/interrupt.ts";
import type { CliContext } from "../context.ts";
import { CliError, exitStatus, type CliErrorCode } from "../errors.ts";
import { installDisplay } from "../install/install-display.ts";
import { installWhat, type InstallImageFlags } from "../install/install-image.ts";
import { installRequest, installWait, type InstallPlan } from "../install/install-one.ts";
import { silentWaysOut, succeededText } from "../install/install-ended.ts";
import { installPreview } from "../install/install-preview.ts";
import { installTargets, installTargetsCheck, type InstallTarget } from "../install/install-targets.ts";
import type { ClientFlags } from "../flags/client.ts";
import { limiter } from "../line/limit.ts";
import type { RetryFlags } from "../flags/retry.ts";
import { retryPolicy } from "../line/retry-policy.ts";
import { outputFormat } from "../show/answer.ts";

/** Flags of `farrier machine install`. */
export interface MachineInstallFlags extends ClientFlags, RetryFlags, InstallImageFlags {
  label: readonly string[] | undefined;
  wait: boolean | undefined;
  dryRun: boolean | undefined;
  replace: boolean | undefined;
  generation: bigint | undefined;
  ignoreHardwareReport: boolean | undefined;
  maxParallel: number | undefined;
  requestId: string | undefined;
}

/** Maximum number of calls in flight. */
const callsAtATime = 16;

/** The result for one machine. */
interface Result {
  machineId: string;
  generation?: string;
  result: "requested" | "succeeded" | "silent" | "failed" | "cancelled" | "replaced" | "refused";
  error?: string;
  /** What the installed system reported. */
  cameUp?: { from: string; addresses: readonly string[] };
  /** Why its report was not waited for, though its profile expects one. */
  warning?: string;
}

/** `farrier machine install` */
export async function machineInstallAction(
  this: CliContext,
  flags: MachineInstallFlags,
  ...ids: string[]
): Promise<void> {
  const labels = flags.label ?? [];
  installTargetsCheck(ids, labels, flags.requestId);
  const format = outputFormat(flags);
  if (format !== undefined && format !== "json") {
    throw new CliError("usage", `--output ${format}: this command prints progress; expected json, or none`);
  }
  const json = format === "json";
  const retry = retryPolicy(flags);
  const what = await installWhat(flags);
  const client = await operatorClient(flags, this.process.env);
  const targets = await installTargets(client, ids, labels, flags.requestId);
  const { stdout, stderr } = this.process;
  const doubt = "image" in what ? userDataDoubt(what.image.userData) : undefined;
  if (doubt !== undefined) {
    stderr.write(`warning: ${printable(doubt)}\n`);
  }
  const display = installDisplay(stderr, systemClock);
  const plan: InstallPlan = {
    client,
    limit: limiter(callsAtATime),
    clock: systemClock,
    display,
    requestId: flags.requestId ?? randomUUID(),
    what,
    replace: flags.replace ?? false,
    generation: flags.generation ?? 0n,
    ignoreHardwareReport: flags.ignoreHardwareReport ?? false,
    retry,
    wait: flags.wait === true || flags.maxParallel !== undefined,
  };
  if (flags.dryRun === true) {
    await installPreview(this, plan, targets, json);
    return;
  }
  // Printed before the first request: the request id is what repeats the command safely, whatever fails afterwards.
  const said = json ? stderr : stdout;
  said.write(`request ${plan.requestId} for ${targets.map(({ id }) => id).join(" ")}\n`);
  const place = limiter(flags.maxParallel ?? targets.length);
  const codes = new Set<CliErrorCode>();
  const tell = (result: Result, text: string): Result => {
    display.end();
    if (!json) {
      (result.error === undefined ? stdout : stderr).write(`${printable(text)}\n`);
    }
    return result;
  };
  const work = Promise.all(
    targets.map((target) => place(() => installOn(plan, target, tell, (code) => codes.add(code)))),
  );
  const results = await (plan.wait ? untilInterrupted(work) : work);
  display.end();
  if (results === "interrupted") {
    const names = targets.map(({ title }) => title);
    const which = names.length === 1 ? (names[0] ?? "") : "NAME";
    stderr.write(
      `farrier: waiting was interrupted; the installations go on: \`farrier machine show ${printable(which)}\` shows them, ` +
        `\`farrier machine cancel ${printable(which)}\` stops it\n`,
    );
    this.process.exitCode = interruptedStatus;
    return;
  }
  if (json) {
    stdout.write(`${JSON.stringify({ requestId: plan.requestId, installations: results }, null, 2)}\n`);
  }
  const [code] = codes;
  this.process.exitCode = code === undefined ? 0 : codes.size === 1 ? exitStatus[code] : exitStatus.failed;
}

async function installOn(
  plan: InstallPlan,
  target: InstallTarget,
  tell: (result: Result, text: string) => Result,
  failed: (code: CliErrorCode) => void,
): Promise<Result> {
  const { id: machineId, title } = target;
  let generation: bigint | undefined;
  try {
    generation = await installRequest(plan, target);
    const named = { machineId, generation: String(generation) };
    const requested = tell({ ...named, result: "requested" }, `${title}: generation ${generation} requested`);
    if (!plan.wait) {
      return requested;
    }
    const outcome = await installWait(plan, target, generation);
    if (outcome.kind === "succeeded") {
      const { cameUp, unasked: warning } = outcome;
      return tell(
        { ...named, result: "succeeded", ...defined({ cameUp, warning }) },
        `${title}: generation ${generation} installed${succeededText(outcome)}`,
      );
    }
    failed("failed");
    const { kind: result, reason } = outcome;
    const error = result === "silent" ? `${reason}; ${silentWaysOut(title)}` : reason;
    return tell({ ...named, result, error }, `${title}: generation ${generation} ${result}: ${error}`);
  } catch (error) {
    if (!(error instanceof CliError)) {
      throw error;
    }
    failed(error.code);
    const known = generation === undefined ? {} : { generation: String(generation) };
    const again = error.code === "unreachable" ? ` (to repeat it safely: --request-id ${plan.requestId})` : "";
    return tell(
      { machineId, ...known, result: "refused", error: error.message },
      `farrier: ${title}: ${error.message}${again}`,
    );
  }
}
