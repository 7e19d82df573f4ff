import { systemClock } from "../../lib/clock.ts";
import { printable } from "../../lib/format/printable.ts";
import { Places } from "../../lib/places.ts";
import {
  type BootSource,
  type PowerState,
  type ProvidedMachine,
  type Provider,
  type ProviderCheckLine,
  ProviderError,
  type ProviderPower,
} from "../../shepherd/provider.ts";
import type { InventoryList } from "../inventory/provider.ts";
import { argumentsFor } from "./arguments.ts";
import { programRun } from "./run-program.ts";

type Argv = readonly [string, ...string[]];

/** The programs of a provider: `on` and `off` do it, `status` prints "on" or "off". */
export interface PowerPrograms {
  on: Argv;
  off: Argv;
  status: Argv;
  /** Milliseconds that one may take. */
  limit: number;
}

/** Statuses that a program may end with besides 0; any other means that it failed, and is tried again. */
const unknownMachine = 3;
const refusedAction = 4;
/** Seconds between two readings of a machine's power. */
const powerPace = { matters: 30, others: 300 };
/** Programs of one provider that run at once. */
const parallelism = 16;

/**
 * A provider whose machines are switched by programs of the operator's.
 * @param inventory its machines; absent = they are added by hand
 */
export function commandProvider(
  instance: { name: string; settings: string; autostart: boolean },
  programs: PowerPrograms,
  inventory: InventoryList | undefined,
): Provider {
  const turns = new Map<string, Promise<unknown>>();
  const places = new Places(parallelism);

  async function run(argv: Argv, machine: ProvidedMachine, boot: BootSource | undefined, signal: AbortSignal) {
    const words = argumentsFor(argv, machine, boot);
    const { status, output, said } = await places.within(signal, () =>
      programRun(words, { limit: programs.limit, signal }),
    );
    if (status !== 0) {
      throw programFailed(argv[0], machine, status, said);
    }
    return output;
  }

  async function machineOf(providerId: string, signal: AbortSignal): Promise<ProvidedMachine> {
    signal.throwIfAborted();
    return inventory === undefined ? { providerId, macs: [] } : inventory.get(providerId, signal);
  }

  async function state(machine: ProvidedMachine, signal: AbortSignal): Promise<PowerState> {
    const output = (await run(programs.status, machine, undefined, signal)).trim().toLowerCase();
    if (output === "on" || output === "off") {
      return output;
    }
    throw new ProviderError(
      "unavailable",
      `${printable(programs.status[0])} printed "${printable(output).slice(0, 60)}" for ${machine.providerId}: expected on or off`,
    );
  }

  const power: ProviderPower = {
    get: async (providerId, signal) => state(await machineOf(providerId, signal), signal),
    set: async (providerId, action, { boot, signal }) => {
      const machine = await machineOf(providerId, signal);
      // One at a time for each machine: an "on" within an "off" would leave it to chance.
      const turn = (turns.get(providerId) ?? Promise.resolve()).then(async () => {
        signal.throwIfAborted();
        const now = await state(machine, signal);
        if (action === now) {
          return;
        }
        if (now === "on") {
          await run(programs.off, machine, undefined, signal);
          await reached("off", machine, signal);
        }
        if (action !== "off") {
          await run(programs.on, machine, boot, signal);
          await reached("on", machine, signal);
        }
      });
      const settled = turn.catch(() => undefined); // The caller hears of it.
      turns.set(providerId, settled);
      void settled.then(() => turns.get(providerId) === settled && turns.delete(providerId));
      await turn;
    },
  };

  /** Looks until the machine shows it done. */
  async function reached(wanted: PowerState, machine: ProvidedMachine, signal: AbortSignal): Promise<void> {
    const end = systemClock.monotonic() + programs.limit;
    for (let wait = 100; (await state(machine, signal)) !== wanted; wait = Math.min(2 * wait, 2_000)) {
      if (systemClock.monotonic() > end) {
        throw new ProviderError(
          "unavailable",
          `${machine.providerId} was to be ${wanted}, and was not within ${programs.limit / 1000} s: ${printable(programs.status[0])} says otherwise`,
        );
      }
      await systemClock.sleep(wait, signal);
    }
  }

  return {
    ...instance,
    type: "command",
    ...(inventory === undefined ? {} : { pace: inventory.pace, list: inventory.list, get: inventory.get }),
    power,
    powerPace,
    check: async (signal) => [
      ...(inventory === undefined ? [] : await inventory.check(signal)),
      ...(await checkPrograms(inventory, state, signal)),
    ],
  };
}

async function checkPrograms(
  inventory: InventoryList | undefined,
  state: (machine: ProvidedMachine, signal: AbortSignal) => Promise<PowerState>,
  signal: AbortSignal,
): Promise<ProviderCheckLine[]> {
  if (inventory === undefined) {
    return [
      { ok: true, what: "it has no inventory: its machines are added by hand, and none of its programs was run" },
    ];
  }
  const listing = await inventory.list(signal).catch(() => undefined); // Its own check says why.
  const [machine] = listing?.machines ?? [];
  if (machine === undefined) {
    return [];
  }
  try {
    return [
      { ok: true, what: `the program for status says that ${machine.providerId} is ${await state(machine, signal)}` },
    ];
  } catch (error) {
    signal.throwIfAborted();
    const what = error instanceof Error ? error.message : String(error);
    return [{ ok: false, what, remedy: "run the program by hand, as the user that the shepherd runs as" }];
  }
}

function programFailed(program: string, { providerId }: ProvidedMachine, status: number, said: string): ProviderError {
  const words = `${printable(program)} ended with status ${status} for ${providerId}: ${said === "" ? "it said nothing" : said}`;
  switch (status) {
    case unknownMachine:
      return new ProviderError("not_found", words);
    case refusedAction:
      return new ProviderError("refused", words);
    default:
      return new ProviderError("unavailable", words);
  }
}
