import { type BootTarget, ControllerError, type ControllerErrorCode } from "../../controller.ts";
import { defined } from "../../../lib/defined.ts";
import { describeError } from "../../../lib/errors.ts";
import { AnswerError } from "../answer-error.ts";
import { ExchangeBroken } from "../http/exchange.ts";
import { spoken } from "../messages.ts";
import { type Patience, rounds } from "../patience.ts";
import type { RedfishSystem } from "../system.ts";
import { taskEnd } from "../task.ts";
import { bootOrderSet } from "./boot-order.ts";
import { bootBody, bootOffBody, type BootWish, isAsWished, isOff, targetOf } from "./boot-plan.ts";
import { bootRead, type BootState } from "./boot-resource.ts";

/**
 * Sets the boot override and reads it back.
 * @param options.url the URL of an HTTP boot
 * @throws {ControllerError}
 */
export async function bootSet(
  system: RedfishSystem,
  target: BootTarget,
  options: { once: boolean; patience: Patience; url?: string },
  signal: AbortSignal,
): Promise<void> {
  const before = await bootRead(system, signal);
  const name = before === undefined ? undefined : targetOf(target, before, system.rules);
  if (before === undefined || name === undefined) {
    const there = before?.targets === undefined ? "" : `, only ${before.targets.join(", ")}`;
    throw new ControllerError("unsupported", `${system.name} can't be told to boot from ${target}${there}`);
  }
  if (options.url !== undefined && !before.takesUrl) {
    throw new ControllerError("unsupported", `${system.name} has no place for the URL of an HTTP boot`);
  }
  const enabled = options.once ? "Once" : "Continuous";
  if (before.enabledValues?.includes(enabled) === false) {
    if (!options.once) {
      return bootOrderSet(system, target, { name, patience: options.patience }, signal);
    }
    throw new ControllerError(
      "unsupported",
      `${system.name} takes no boot override for the next boot, only ${before.enabledValues.join(", ")}`,
    );
  }
  const wish: BootWish = {
    target: name,
    enabled,
    // HTTP boot needs UEFI.
    mode: name === "UefiHttp" && before.mode !== undefined ? "UEFI" : before.mode,
    ...defined({ url: options.url }),
  };
  await changeBoot(system, options.patience, signal, {
    body: (state) => bootBody(wish, state, system.rules),
    done: (state) => isAsWished(wish, state),
    expected: `the boot override ${wish.target}, ${wish.enabled}`,
  });
}

/** Failures of a removal after which the disk is set instead: the controller answers, and keeps the override. */
const kept: ReadonlySet<ControllerErrorCode> = new Set(["not_done", "refused", "unsupported"]);

/**
 * Removes the boot override unless it is the disk, and keeps the boot mode. If the controller keeps the override, it is
 * set to the disk.
 * @throws {ControllerError}
 */
export async function bootClear(system: RedfishSystem, patience: Patience, signal: AbortSignal): Promise<void> {
  const before = await bootRead(system, signal);
  if (before === undefined || isOff(before) || before.target === targetOf("disk", before, system.rules)) {
    return;
  }
  try {
    await bootOff(system, patience, signal);
  } catch (error) {
    if (!(error instanceof ControllerError) || !kept.has(error.code)) {
      throw error;
    }
    await bootSet(system, "disk", { once: false, patience }, signal).catch((second: unknown) => {
      throw second instanceof ControllerError
        ? new ControllerError(second.code, `${error.message}; and to boot from the disk: ${second.message}`, {
            cause: error,
          })
        : second;
    });
    return;
  }
  await modeKeep(system, before, patience, signal);
}

async function bootOff(system: RedfishSystem, patience: Patience, signal: AbortSignal): Promise<void> {
  let keepTarget = system.rules.bootOffKeepsTarget;
  await changeBoot(system, patience, signal, {
    body: (state) => bootOffBody(state, { keepTarget }),
    otherwise: () => {
      keepTarget = !keepTarget;
    },
    done: isOff,
    expected: "no boot override",
  });
}

/** Sets the boot mode again if the removal of the override has changed it (row 14). */
async function modeKeep(
  system: RedfishSystem,
  { mode }: BootState,
  patience: Patience,
  signal: AbortSignal,
): Promise<void> {
  const now = mode === undefined ? undefined : await bootRead(system, signal);
  if (mode === undefined || now === undefined || now.mode === mode) {
    return;
  }
  await changeBoot(system, patience, signal, {
    body: () => ({ BootSourceOverrideEnabled: "Disabled", BootSourceOverrideMode: mode }),
    done: (state) => isOff(state) && state.mode === mode,
    expected: `no boot override, and the boot mode ${mode} as before`,
  });
}

/** How a change of the `Boot` object is made. */
export interface BootChange {
  /** The `Boot` object to send; undefined = nothing to send. */
  body: (state: BootState) => Readonly<Record<string, string | null>> | undefined;
  /** Called after the first refusal, so that the next `body` differs (row 12); absent = a refusal ends the change. */
  otherwise?: () => void;
  done: (state: BootState) => boolean;
  expected: string;
}

/** Maximum number of times that the change is sent, if reading back shows another value (row 14). */
const againMost = 3;
/** Milliseconds within which the last accepted change must show. */
const showsWithin = 20_000;

/** Changes the `Boot` object, and resolves when reading it back shows the change. @throws {ControllerError} */
export async function changeBoot(
  system: RedfishSystem,
  patience: Patience,
  signal: AbortSignal,
  { body, otherwise, done, expected }: BootChange,
): Promise<void> {
  const { service } = system;
  let words: string | undefined;
  const begun = service.clock.monotonic();
  let sent = 0;
  let sentAt = begun;
  let refusals = 0;
  let state: BootState | undefined;
  for await (const _ of rounds(service.clock, patience, signal)) {
    state = await bootRead(system, signal);
    if (state === undefined || done(state)) {
      return;
    }
    const waits = system.rules.bootWaits(state.system);
    const boot = body(state);
    if (sent >= againMost && service.clock.monotonic() - sentAt >= showsWithin) {
      break;
    }
    if (waits !== undefined || boot === undefined || sent >= againMost) {
      words = waits ?? words;
      continue;
    }
    try {
      const reply = await service.change({ method: "PATCH", link: state.link, body: { Boot: boot } }, signal);
      sent += 1;
      sentAt = service.clock.monotonic();
      words = spoken(reply.messages) ?? words;
      await taskEnd(service, reply, patience, signal);
    } catch (error) {
      // Setting the same value twice does no harm, so the change may be sent again.
      const passes = error instanceof ExchangeBroken || (error instanceof AnswerError && error.passing);
      if (!passes && (otherwise === undefined || refusals > 0 || !(error instanceof AnswerError))) {
        throw error;
      }
      if (!passes) {
        refusals += 1;
        otherwise?.();
      }
      words = error instanceof AnswerError ? (spoken(error.messages) ?? error.message) : describeError(error);
    }
  }
  const is = state === undefined ? "none" : `${state.target ?? "none"}, ${state.enabled ?? "none"}`;
  const said = words === undefined ? "" : `; the last that it said: ${words}`;
  throw new ControllerError(
    "not_done",
    `${system.name} shows ${is} after ${Math.round((service.clock.monotonic() - begun) / 1000)} s, where ${expected} was expected${said}`,
  );
}
