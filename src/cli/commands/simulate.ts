import { buildCommand } from "@stricli/core";
import { parseHostPort } from "../../lib/net/host-port.ts";
import type { SimulateFlags } from "../actions/simulate.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { optionalFlag, switchFlag } from "../flags/flag.ts";
import { parsePositive } from "../line/positive.ts";

export const simulateCommand = buildCommand<SimulateFlags, [], CliContext>({
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
      failing: optionalFlag("Number of machines whose first installation fails (default: 0)", "N", parsePositive),
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
  loader: async () => (await import("../actions/simulate.ts")).simulateAction,
});

function parseCount(value: string): number {
  return value === "0" ? 0 : parsePositive(value);
}
