import { ControllerError, type ControllerPower, type PowerCommand } from "../../controller.ts";
import { AnswerError } from "../answer-error.ts";
import { ExchangeBroken } from "../http/exchange.ts";
import { textOf } from "../json.ts";
import { spoken } from "../messages.ts";
import { type Patience, rounds } from "../patience.ts";
import type { Resource } from "../service.ts";
import type { RedfishSystem } from "../system.ts";
import { taskEnd } from "../task.ts";
import { powerDone } from "./power-done.ts";
import { type PowerGoal, powerPlan, type PowerStep } from "./power-plan.ts";
import { powerStateOf } from "./power-state.ts";

/** Time limits in milliseconds until a command must be seen as done. */
export interface PowerLimits {
  /** For each step of on, off, cycle and reset. */
  hard: Patience;
  /** For a shutdown by the operating system. */
  soft: Patience;
}

/** Carries out a command, and resolves when the controller shows it as done. @throws {ControllerError} */
export async function powerCarryOut(
  system: RedfishSystem,
  command: PowerCommand,
  limits: PowerLimits,
  signal: AbortSignal,
): Promise<void> {
  const before = await system.read(signal);
  const plan = powerPlan(command, {
    state: powerStateOf(before.body),
    allowed: await system.resetTypes(signal),
    restartByOff: system.rules.restartByOff,
  });
  const patience = command === "soft-off" ? limits.soft : limits.hard;
  switch (plan.kind) {
    case "done":
      return;
    case "impossible":
      throw new ControllerError("unsupported", `${system.name} can't do ${command}: ${plan.why}`);
    case "wait":
      await new StepRun(system, { types: [plan.goal], goal: plan.goal }, patience).wait(before, signal);
      return;
    case "steps":
      for (const step of plan.steps) {
        await new StepRun(system, step, patience).run(signal);
      }
  }
}

/** Runs one step: sends it, and reads the system until the goal is reached or the time is over. */
class StepRun {
  readonly #system: RedfishSystem;
  readonly #step: PowerStep;
  readonly #patience: Patience;
  #types: readonly string[];
  /** The time on the clock at which the controller accepted the step. */
  #acceptedAt: number | undefined;
  /** The step was sent, but its answer was lost. */
  #state: ControllerPower = "unknown";
  #lost = false;
  #wasDown = false;
  #lastWords: string | undefined;
  #refused: AnswerError | undefined;

  constructor(system: RedfishSystem, step: PowerStep, patience: Patience) {
    this.#system = system;
    this.#step = step;
    this.#patience = patience;
    this.#types = step.types;
  }

  async run(signal: AbortSignal): Promise<void> {
    const before = await this.#system.read(signal);
    if (this.#isStateGoal() && powerStateOf(before.body) === this.#step.goal) {
      return;
    }
    await this.#look(before, true, signal);
  }

  /** Waits for the goal without sending anything. */
  wait(before: Resource, signal: AbortSignal): Promise<void> {
    this.#acceptedAt = this.#system.service.clock.monotonic();
    return this.#look(before, false, signal);
  }

  async #look(before: Resource, send: boolean, signal: AbortSignal): Promise<void> {
    this.#state = powerStateOf(before.body);
    for await (const round of rounds(this.#system.service.clock, this.#patience, signal)) {
      if (round > 0) {
        if (await this.#isDone(before, signal)) {
          return;
        }
        if (this.#refused !== undefined) {
          throw this.#refused;
        }
      }
      // A restart whose answer was lost may have been carried out, so it is not sent again.
      if (send && this.#acceptedAt === undefined && (!this.#lost || this.#repeatable())) {
        await this.#send(before, signal);
        if (this.#step.goal === "accepted" && this.#acceptedAt !== undefined) {
          return;
        }
        // Many controllers show the new state with their answer already.
        if (this.#isStateGoal() && this.#acceptedAt !== undefined && (await this.#isDone(before, signal))) {
          return;
        }
      }
    }
    throw this.#notDone(this.#state);
  }

  /** Reads the system, and says whether it shows the step as done. */
  async #isDone(before: Resource, signal: AbortSignal): Promise<boolean> {
    const now = await this.#system.read(signal);
    const state = powerStateOf(now.body);
    this.#state = state;
    this.#wasDown ||= state === "off" || state === "powering-off" || state === "powering-on";
    const resetTimeChanged = lastReset(now) !== lastReset(before);
    const sinceAccepted =
      this.#acceptedAt === undefined ? undefined : this.#system.service.clock.monotonic() - this.#acceptedAt;
    return powerDone(this.#step.goal, { state, wasDown: this.#wasDown, resetTimeChanged, sinceAccepted });
  }

  async #send(before: Resource, signal: AbortSignal): Promise<void> {
    const { service } = this.#system;
    const [type = ""] = this.#types;
    try {
      const reply = await service.change(
        { method: "POST", link: this.#system.resetTarget, body: { ResetType: type }, etag: before.etag },
        signal,
      );
      this.#lastWords = spoken(reply.messages) ?? this.#lastWords;
      await taskEnd(service, reply, this.#patience, signal);
      this.#acceptedAt = service.clock.monotonic();
    } catch (error) {
      this.#afterFailure(error);
    }
  }

  /** Returns if reading or sending again may help, and throws otherwise. */
  #afterFailure(error: unknown): void {
    if (error instanceof ExchangeBroken) {
      this.#lost ||= error.sent;
      this.#lastWords = error.message;
      return;
    }
    if (!(error instanceof AnswerError)) {
      throw error;
    }
    this.#lastWords = spoken(error.messages) ?? `it answered ${error.status}`;
    if (error.passing && error.code === "busy") {
      // A 500, 502 or 504 does not say whether the step was carried out. A temporary refusal says that it was not.
      this.#lost ||= [500, 502, 504].includes(error.status);
      return;
    }
    if (this.#isStateGoal() && [400, 409].includes(error.status) && this.#types.length === 1) {
      // The controller may mean that the machine is in this state already (row 5): the next reading shows it. A
      // conflict (409) may pass; a 400 does not.
      this.#refused = error.status === 400 ? error : undefined;
      return;
    }
    if (["refused", "unsupported"].includes(error.code) && this.#types.length > 1) {
      this.#types = this.#types.slice(1);
      return;
    }
    throw error;
  }

  /** Whether the step may be sent twice: a request for a state may, pressing a button may not. */
  #repeatable(): boolean {
    return this.#isStateGoal() && this.#types[0] !== "PushPowerButton";
  }

  #isStateGoal(): boolean {
    return this.#step.goal === "on" || this.#step.goal === "off";
  }

  #notDone(state: ControllerPower): ControllerError {
    const seconds = Math.round(this.#patience.total / 1000);
    const said = this.#lastWords === undefined ? "" : `; the last that it said: ${this.#lastWords}`;
    if (this.#lost && !this.#isStateGoal()) {
      return new ControllerError(
        "not_done",
        `${this.#system.name} was sent ${this.#types[0]}, its answer was lost, and nothing of it was seen within ${seconds} s: it may have been carried out${said}`,
      );
    }
    return new ControllerError(
      "not_done",
      `${this.#system.name} is ${state} after ${seconds} s, where ${goalWords[this.#step.goal]} was expected${said}`,
    );
  }
}

const goalWords: Readonly<Record<PowerGoal, string>> = {
  on: "on",
  off: "off",
  restarted: "a restart",
  accepted: "an acceptance",
};

function lastReset(system: Resource): string | undefined {
  return textOf(system.body["LastResetTime"]);
}
