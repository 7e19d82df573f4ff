import { buildCommand } from "@stricli/core";
import { parseHostPort, type HostPort } from "../../lib/net/host-port.ts";
import { operatorAccess } from "../call/access.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { clientFlags, docs, optionalFlag, parsePositive, switchFlag, type ClientFlags } from "../line/flags.ts";

interface Flags extends ClientFlags {
  agents: number;
  rate: number | undefined;
  interval: number | undefined;
  faults: string | undefined;
  seed: string | undefined;
  duration: number | undefined;
  installs: number | undefined;
  endpoint: readonly HostPort[] | undefined;
  anywhere: boolean | undefined;
}

/** Seconds. */
const defaults = { interval: 30, duration: 60 } as const;

export const simulateCommand = buildCommand<Flags, [], CliContext>({
  docs: docs(
    "Run a simulated fleet against a control plane, and check that nothing is lost",
    "Runs agents of simulated machines over real connections, requests installations for them (which write nothing), " +
      "and checks that each request gets a result and none is carried out after its final result. The machines are called " +
      "sim-SEED-N; a later run with the same seed uses them again. The exit status is 1 if a check failed.\n\n" +
      "Faults: disconnect, kill, slow, bad-image, skew, duplicate, storm.",
    [
      "farrier simulate --agents 200",
      "farrier simulate --agents 1000 --interval 10 --faults all --seed 7 --duration 300",
    ],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      json: switchFlag("Print the result as JSON; progress goes to standard error"),
      agents: { kind: "parsed", brief: "Number of agents", placeholder: "N", parse: parsePositive },
      rate: optionalFlag("Heartbeats a second, over all agents, instead of an interval", "N", parsePositive),
      interval: optionalFlag("Seconds between two heartbeats of an agent (default: 30)", "SECONDS", parsePositive),
      faults: optionalFlag("Faults to inject: names separated by commas, or all", "LIST", String),
      seed: optionalFlag("Name of the fleet, and seed of its random choices (default: 1)", "NAME", String),
      duration: optionalFlag("Duration in seconds (default: 60)", "SECONDS", parsePositive),
      installs: optionalFlag(
        "Installations a minute, over all machines (one a minute for ten agents)",
        "N",
        parseCount,
      ),
      endpoint: {
        kind: "parsed",
        optional: true,
        variadic: true,
        brief: "Endpoint that agents call, instead of the control plane's own; repeatable",
        placeholder: "HOST:PORT",
        parse: parseHostPort,
      },
      anywhere: switchFlag("Allow a control plane on another host; make sure that it is meant for load tests"),
    },
  },
  async func(flags) {
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
      seed: flags.seed ?? "1",
      duration: (flags.duration ?? defaults.duration) * 1000,
      installsPerMinute: flags.installs ?? Math.ceil(flags.agents / 10),
      endpoints: flags.endpoint ?? [],
      operators: url,
      token,
      anywhere: flags.anywhere ?? false,
      json: flags.json ?? false,
    });
  },
});

function parseCount(value: string): number {
  return value === "0" ? 0 : parsePositive(value);
}
