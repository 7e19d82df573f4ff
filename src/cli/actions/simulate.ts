import type { HostPort } from "../../lib/net/host-port.ts";
import { operatorAccess } from "../call/access.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import type { ClientFlags } from "../flags/client.ts";

/** Flags of `farrier simulate`. */
export interface SimulateFlags extends ClientFlags {
  agents: number;
  rate: number | undefined;
  interval: number | undefined;
  faults: string | undefined;
  failing: number | undefined;
  seed: string | undefined;
  duration: number | undefined;
  installs: number | undefined;
  endpoint: readonly HostPort[] | undefined;
  anywhere: boolean | undefined;
}

/** Seconds. */
const defaults = { interval: 30, duration: 60 } as const;

/** `farrier simulate` */
export async function simulateAction(this: CliContext, flags: SimulateFlags): Promise<void> {
  if (flags.rate !== undefined && flags.interval !== undefined) {
    throw new CliError("usage", "--rate and --interval exclude each other: give one of them");
  }
  const { url, token } = await operatorAccess(flags, this.process.env);
  if (token === undefined) {
    throw new CliError("usage", "the simulator needs a token: name a context that has one, or a data directory");
  }
  const interval = flags.rate === undefined ? (flags.interval ?? defaults.interval) : flags.agents / flags.rate;
  this.process.exitCode = await this.starters.simulate({
    agents: flags.agents,
    interval: interval * 1000,
    faults: flags.faults,
    failing: flags.failing ?? 0,
    seed: flags.seed ?? "1",
    duration: (flags.duration ?? defaults.duration) * 1000,
    installsPerMinute: flags.installs ?? Math.ceil(flags.agents / 10),
    endpoints: flags.endpoint ?? [],
    operators: url,
    token,
    anywhere: flags.anywhere ?? false,
    json: flags.json ?? false,
  });
}
