import { type Clock, systemClock } from "../../lib/clock.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { ControllerConnections } from "../controller-connections.ts";
import {
  type BootTarget,
  type Controller,
  type ControllerAddress,
  ControllerError,
  type ControllerFacts,
  type ControllerHealth,
  type ControllerLogin,
  type ControllerPower,
  type PasswordLimits,
  type PowerCommand,
  type WhoseMedium,
} from "../controller.ts";
import { healthBounded } from "../health-bounds.ts";
import { passwordLimits, passwordSet } from "./account.ts";
import { AnswerError } from "./answer-error.ts";
import { bootClear, bootSet } from "./boot/boot-set.ts";
import { httpBootClear } from "./boot/http-boot-clear.ts";
import { factsRead } from "./facts.ts";
import { healthRead } from "./health/health-read.ts";
import { HttpExchange } from "./http/exchange.ts";
import { identify } from "./identify.ts";
import { mediaEject } from "./media/media-eject.ts";
import { mediaInsert, slotsOf } from "./media/media-insert.ts";
import type { Patience } from "./patience.ts";
import { Places } from "../../lib/places.ts";
import { powerCarryOut } from "./power/power-set.ts";
import { powerStateOf } from "./power/power-state.ts";
import { makerIdentity, rulesOf } from "./rules/rules-of.ts";
import { withoutSecrets } from "./secret-text.ts";
import { RedfishService } from "./service.ts";
import { redfishSystem, type RedfishSystem, systemFind } from "./system.ts";

/** Time limits in milliseconds. */
export interface RedfishLimits {
  /** For a connection with its TLS handshake. */
  connect: number;
  /** For the answer to a read. */
  read: number;
  /** For the answer to a change: some controllers hold it for over a minute (row 27). */
  change: number;
  /** For reads while the controller is busy or restarts. */
  reading: Patience;
  /** For each step of a power command. */
  power: Patience;
  /** For a shutdown by the operating system. */
  shutdown: Patience;
  /** For boot overrides and lights: a self test takes minutes. */
  setting: Patience;
}

/** The default limits. */
export const redfishLimits: RedfishLimits = {
  connect: 10_000,
  read: 60_000,
  change: 180_000,
  reading: { first: 500, most: 5000, total: 20_000 },
  // What took a second is seen after at most one and a half.
  power: { first: 100, most: 5000, total: 120_000, factor: 1.5 },
  shutdown: { first: 1000, most: 5000, total: 300_000 },
  setting: { first: 500, most: 10_000, total: 180_000 },
};

/**
 * Creates the client of a controller that speaks Redfish. It sends nothing before the first call.
 * @param options `places`: those of all connections of this process; absent = unlimited
 * @throws {ControllerError} `not_a_controller` if the address is invalid
 */
export function redfishController(
  address: Pick<ControllerAddress, "url" | "system" | "trust">,
  login: ControllerLogin,
  options: { clock?: Clock; limits?: Partial<RedfishLimits>; places?: ControllerConnections } = {},
): Controller {
  const { clock = systemClock, places = new ControllerConnections(Number.POSITIVE_INFINITY) } = options;
  return new RedfishController(address, login, { clock, places, limits: { ...redfishLimits, ...options.limits } });
}

class RedfishController implements Controller {
  readonly #address: Pick<ControllerAddress, "url" | "system" | "trust">;
  readonly #limits: RedfishLimits;
  readonly #exchange: HttpExchange;
  readonly #service: RedfishService;
  readonly #reads = new Places(2);
  readonly #changes = new Places(1);
  #system: RedfishSystem | undefined;

  constructor(
    address: Pick<ControllerAddress, "url" | "system" | "trust">,
    login: ControllerLogin,
    { clock, places, limits }: { clock: Clock; places: ControllerConnections; limits: RedfishLimits },
  ) {
    this.#address = address;
    this.#limits = limits;
    const url = URL.parse(address.url);
    if (url === null || !/^https?:$/u.test(url.protocol)) {
      throw new ControllerError(
        "not_a_controller",
        `${JSON.stringify(shownUrl(address.url))} is no address of a controller: expected https://HOST or https://HOST:PORT`,
      );
    }
    this.#exchange = new HttpExchange({
      url,
      trust: address.trust,
      mayReach: (place) => login.mayReach(place),
      limit: limits.connect,
      readLimit: limits.read,
      changeLimit: limits.change,
      places,
    });
    this.#service = new RedfishService({
      origin: url,
      login,
      exchange: this.#exchange,
      clock,
      patience: limits.reading,
    });
  }

  read(signal: AbortSignal): Promise<ControllerFacts> {
    return this.#run(this.#reads, signal, (system) => factsRead(system, signal));
  }

  powerGet(signal: AbortSignal): Promise<ControllerPower> {
    return this.#run(this.#reads, signal, async (system) => powerStateOf((await system.read(signal)).body));
  }

  powerSet(command: PowerCommand, signal: AbortSignal): Promise<void> {
    const limits = { hard: this.#limits.power, soft: this.#limits.shutdown };
    return this.#run(this.#changes, signal, (system) => powerCarryOut(system, command, limits, signal));
  }

  bootSet(target: BootTarget, { once, signal }: { once: boolean; signal: AbortSignal }): Promise<void> {
    const patience = this.#limits.setting;
    return this.#run(this.#changes, signal, (system) => bootSet(system, target, { once, patience }, signal));
  }

  bootClear(signal: AbortSignal): Promise<void> {
    return this.#run(this.#changes, signal, (system) => bootClear(system, this.#limits.setting, signal));
  }

  mediaInsert(url: string, signal: AbortSignal, { freeOnly = false } = {}): Promise<string> {
    const options = { patience: this.#limits.setting, freeOnly };
    return this.#guarded(secretsOf(url), () =>
      this.#run(this.#changes, signal, (system) => mediaInsert(system, url, options, signal)),
    );
  }

  mediaEject(whose: WhoseMedium, signal: AbortSignal): Promise<void> {
    const patience = this.#limits.setting;
    return this.#run(this.#changes, signal, async (system) =>
      mediaEject(system, await slotsOf(system, signal), { whose, patience }, signal),
    );
  }

  httpBootSet(url: string, signal: AbortSignal): Promise<void> {
    const options = { once: true, patience: this.#limits.setting, url };
    return this.#guarded(secretsOf(url), () =>
      this.#run(this.#changes, signal, (system) => bootSet(system, "http", options, signal)),
    );
  }

  httpBootClear(whose: (url: string) => boolean, signal: AbortSignal): Promise<void> {
    const patience = this.#limits.setting;
    return this.#run(this.#changes, signal, (system) => httpBootClear(system, { whose, patience }, signal));
  }

  identify(on: boolean, signal: AbortSignal): Promise<void> {
    return this.#run(this.#changes, signal, (system) => identify(system, on, this.#limits.setting, signal));
  }

  async health(signal: AbortSignal): Promise<ControllerHealth> {
    const health = await this.#run(this.#reads, signal, (system) => healthRead(system, signal));
    return healthBounded(health, this.#service.session.clean);
  }

  passwordLimits(signal: AbortSignal): Promise<PasswordLimits> {
    return this.#guarded([], () => this.#reads.within(signal, () => passwordLimits(this.#service, signal)));
  }

  /** Also works while the account must change its password before it can read anything else. */
  passwordSet(password: string, signal: AbortSignal): Promise<void> {
    this.#service.session.announcePassword(password);
    return this.#guarded([], () =>
      this.#changes.within(signal, () => passwordSet(this.#service, password, this.#limits.setting, signal)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service.session.end(AbortSignal.timeout(5000)).catch(() => {});
    this.#exchange[Symbol.dispose]();
  }

  #run<Value>(places: Places, signal: AbortSignal, action: (system: RedfishSystem) => Promise<Value>): Promise<Value> {
    return this.#guarded([], () =>
      places.within(signal, async () => {
        this.#system ??= await this.#find(signal);
        try {
          return await action(this.#system);
        } catch (error) {
          // A firmware update may change the links, so the next call looks for the system again.
          this.#system = error instanceof AnswerError && error.code === "unsupported" ? undefined : this.#system;
          throw error;
        }
      }),
    );
  }

  async #find(signal: AbortSignal): Promise<RedfishSystem> {
    const root = await this.#service.root(signal);
    const found = await systemFind(this.#service, this.#address.system, signal);
    const rules = rulesOf(makerIdentity(root, found));
    this.#service.passing = rules.passing;
    return redfishSystem(this.#service, found, rules);
  }

  /** Removes secrets from error messages, because controllers repeat in their messages what they received. */
  async #guarded<Value>(more: readonly string[], action: () => Promise<Value>): Promise<Value> {
    if (more.length > 0) {
      this.#service.session.announce(more);
    }
    try {
      return await action();
    } catch (error) {
      throw withoutSecrets(error, [...this.#service.session.secrets, ...more]);
    }
  }
}

/** A URL whose path is a secret, and the secret parts of that path. */
function secretsOf(url: string): string[] {
  return [url, ...(URL.parse(url)?.pathname.split("/") ?? []).filter((part) => part.length >= 16)];
}
