// Simulated controllers with TLS, many in one process, for the benchmark of management controllers.
import { certificateSha256 } from "../../src/controllers/redfish/http/distrust.ts";
import type { MachineBehind } from "../../src/controllers/simulated/machine.ts";
import { plainShape } from "../../src/controllers/simulated/shape.ts";
import { SimulatedController } from "../../src/controllers/simulated/simulated-controller.ts";
import { X509Certificate } from "node:crypto";
import { authorityIssue, keyMake, keyPem, serverIssue } from "../../src/lib/tls/issue.ts";
import { serve } from "./processes.ts";

/** What the worker can be told to do. */
export type ControllersOrder =
  /** Starts `count` controllers; `powerOn`: milliseconds that a machine takes to show that it is on. */
  | { do: "start"; count: number; powerOn: number }
  /** Answers with the calls since the last time, and forgets them. */
  | { do: "calls" };

/** The started controllers. */
export interface StartedControllers {
  urls: readonly string[];
  /** SHA-256 of their certificate, in hex, and the CA that issued it. */
  sha256: string;
  ca: string;
  userName: string;
  password: string;
}

/** A call of a controller. */
export interface SeenCall {
  controller: number;
  method: string;
  path: string;
}

const controllers: SimulatedController[] = [];

/** A machine that shows a new state after a while. */
class SlowMachine implements MachineBehind {
  readonly uuid = crypto.randomUUID();
  readonly serial = "BENCH";
  readonly macs = ["52:54:00:00:00:01"];
  #state: "on" | "off" = "off";
  #since = Number.NEGATIVE_INFINITY;
  readonly #powerOn: number;

  constructor(powerOn: number) {
    this.#powerOn = powerOn;
  }

  powerGet(): Promise<"on" | "off" | "powering-on"> {
    const starting = this.#state === "on" && performance.now() - this.#since < this.#powerOn;
    return Promise.resolve(starting ? "powering-on" : this.#state);
  }

  powerSet(action: "on" | "off" | "soft-off" | "reset" | "nmi"): Promise<void> {
    this.#state = action === "on" || action === "reset" ? "on" : "off";
    this.#since = performance.now();
    return Promise.resolve();
  }
}

async function start({ count, powerOn }: { count: number; powerOn: number }): Promise<StartedControllers> {
  const [key, authority] = [keyMake(), keyMake()];
  const cert = serverIssue(key, [{ type: "ip", value: "127.0.0.1" }], authority).toString();
  const tls = { key: keyPem(key), cert };
  for (let index = 0; index < count; index += 1) {
    controllers.push(await SimulatedController.start({ shape: plainShape, machine: new SlowMachine(powerOn), tls }));
  }
  const [first] = controllers;
  return {
    urls: controllers.map(({ url }) => url),
    sha256: certificateSha256(new X509Certificate(cert)),
    ca: authorityIssue(authority).toString(),
    userName: first?.state.userName ?? "",
    password: first?.state.password ?? "",
  };
}

function calls(): SeenCall[] {
  return controllers.flatMap((one, controller) =>
    one.calls.splice(0).map(({ method, path }) => ({ controller, method, path })),
  );
}

serve(
  (order: ControllersOrder) => (order.do === "start" ? start(order) : Promise.resolve(calls())),
  async () => {
    await Promise.all(controllers.map((one) => one[Symbol.asyncDispose]()));
  },
);
