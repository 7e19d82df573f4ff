import type { Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { labMachineList } from "../directory.ts";
import { LabError } from "../errors.ts";
import type { ControlledLabMachine } from "../machine.ts";
import { netbootUrlRead } from "../netboot-url.ts";
import { labAccount } from "./account.ts";
import { controllersAnswer, controllersControl } from "./control.ts";
import { ipmiServe } from "./ipmi.ts";
import { redfishServe } from "./redfish.ts";
import type { ServedController, ServeOptions } from "./served.ts";
import { controlledMachines, labControllerUrl } from "./url.ts";

/** Milliseconds between two looks at the lab. */
const interval = 1_000;

/**
 * Serves the controllers of all lab machines that have one, until the last of these is gone or the signal aborts.
 * Machines that are added or removed meanwhile are noticed.
 * @throws {LabError} `busy` if another process does it; `not_found` if no machine has a controller
 */
export async function controllersServe(options: {
  directory: string;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { directory, clock, log, signal } = options;
  if (controlledMachines(await labMachineList(directory)).length === 0) {
    throw new LabError("not_found", "no lab machine has a controller: `farrier lab up --controller redfish` makes one");
  }
  await using stack = new AsyncDisposableStack();
  const served = new Map<string, ServedController>();
  stack.defer(async () => {
    await Promise.all([...served.values()].map(async (one) => await one[Symbol.asyncDispose]()));
  });
  const control = stack.use(await controllersControl(directory, clock));
  const note = (text: string): void => log.warn(text);
  const serving: ServeOptions = {
    ...{ directory, clock, log },
    account: await labAccount(directory),
    place: async () => ({ directory, netbootUrl: await netbootUrlRead(directory), clock, note }),
  };

  /** Serves what is there and not served, and ends what is gone. Resolves to what failed, by machine. */
  async function look(machines: readonly ControlledLabMachine[]): Promise<Map<string, string>> {
    const problems = new Map<string, string>();
    const wanted = new Map(machines.map((machine) => [machine.uuid, machine]));
    for (const [uuid, one] of served) {
      const over = one.over();
      if (!wanted.has(uuid) || over !== undefined) {
        served.delete(uuid);
        log.info({ uuid, over }, "the controller is not served any more");
        await one[Symbol.asyncDispose]();
      }
    }
    for (const [uuid, machine] of wanted) {
      if (served.has(uuid)) {
        continue;
      }
      try {
        served.set(uuid, await serve(machine, serving));
        log.info({ machine: machine.name, url: labControllerUrl(machine) }, "serving the controller");
      } catch (error) {
        problems.set(machine.name, describeError(error));
      }
    }
    return problems;
  }

  let before = "";
  while (!signal.aborted) {
    const waiting = control.take();
    const machines = await labMachineList(directory).then(controlledMachines, (error: unknown) => error);
    if (!Array.isArray(machines)) {
      // A definition that can't be read hides no controller that is served already.
      log.error({ err: machines }, "the lab can't be read");
      controllersAnswer(waiting, [describeError(machines)]);
    } else {
      const problems = [...(await look(machines))].map(([name, problem]) => `${name}: ${problem}`);
      if (problems.length > 0 && problems.join("\n") !== before) {
        log.error({ problems }, "not all controllers are served; trying again");
      }
      before = problems.join("\n");
      controllersAnswer(waiting, problems);
      if (machines.length === 0) {
        return;
      }
    }
    const pause = new AbortController();
    const slept = clock.sleep(interval, AbortSignal.any([pause.signal, signal])).catch(() => undefined);
    await Promise.race([slept, control.asked()]);
    pause.abort();
  }
}

async function serve(machine: ControlledLabMachine, options: ServeOptions): Promise<ServedController> {
  switch (machine.controller.protocol) {
    case "redfish":
      return redfishServe(machine, options);
    case "ipmi":
      return ipmiServe(machine, options);
  }
}
