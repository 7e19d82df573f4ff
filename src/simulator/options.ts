import { isLoopback, parseHostPort, type HostPort } from "../lib/net/host-port.ts";
import { faultNames, type Fault } from "./faults.ts";

/** The options of a simulation. */
export interface SimulationOptions {
  /** Number of agents: 1 to 10,000. */
  agents: number;
  /** Milliseconds between an agent's heartbeats, ± 5 %. */
  interval: number;
  faults: readonly Fault[];
  /** Names the fleet, and seeds all random choices: 1 to 20 of a-z and 0-9. */
  seed: string;
  /** Milliseconds until it ends; running installations then may still settle. */
  duration: number;
  /** Requests per minute, over the whole fleet. */
  installsPerMinute: number;
  /**
   * Where agents call; with several, an agent goes to the next when one is unreachable. Empty means where the control
   * plane says.
   */
  endpoints: readonly HostPort[];
  /** URLs of the operator API: the next is tried when one is unreachable. */
  operators: readonly string[];
  /** The operators' token. */
  token: string;
  /** Allow control planes on other hosts. */
  anywhere: boolean;
  /** The longest simulated writing of a disk, in milliseconds; default 15,000. */
  writing?: number;
  /** Machines whose first generation fails, chosen by the seed; default 0. */
  failing?: number;
  /** Milliseconds within which requests must reach their agents, and everything must settle at the end. */
  bound?: number;
}

/** Why a simulation can't begin: what was wrong, and what was expected. */
export class SimulationRefused extends Error {}

const limits = { agents: 10_000, minutes: 24 * 60, installsPerMinute: 60_000 } as const;

/** @throws {SimulationRefused} */
export function optionsCheck(options: SimulationOptions): void {
  within("agents", options.agents, 1, limits.agents);
  within("the duration in seconds", options.duration / 1000, 1, limits.minutes * 60);
  within("the interval in seconds", options.interval / 1000, 0.1, 300);
  within("installations a minute", options.installsPerMinute, 0, limits.installsPerMinute);
  within("machines that fail", options.failing ?? 0, 0, options.agents);
  if (!/^[a-z0-9]{1,20}$/u.test(options.seed)) {
    throw new SimulationRefused(`the seed is "${options.seed}": expected 1 to 20 of a-z and 0-9`);
  }
  if (options.operators.length === 0) {
    throw new SimulationRefused("no operator API is named: expected one URL or more");
  }
  for (const url of options.operators) {
    requireLoopback(new URL(url).hostname.replaceAll(/[[\]]/gu, ""), options.anywhere);
  }
  for (const { host } of options.endpoints) {
    requireLoopback(host, options.anywhere);
  }
}

/** Checks the endpoint that the control plane names. @throws {SimulationRefused} if it may not be called */
export function endpointCheck(text: string, anywhere: boolean): HostPort {
  const endpoint = parseHostPort(text);
  requireLoopback(endpoint.host, anywhere);
  return endpoint;
}

/** Parses names separated by commas, or "all". @throws {RangeError} */
export function faultsParse(text: string): Fault[] {
  if (text === "all") {
    return [...faultNames];
  }
  return text.split(",").map((word) => {
    const name = faultNames.find((known) => known === word.trim());
    if (name === undefined) {
      throw new RangeError(`"${word}" is no fault: expected all, or some of ${faultNames.join(", ")}`);
    }
    return name;
  });
}

function within(what: string, value: number, least: number, most: number): void {
  if (!(value >= least && value <= most)) {
    throw new SimulationRefused(`${what}: ${value}, expected ${least} to ${most}`);
  }
}

function requireLoopback(host: string, anywhere: boolean): void {
  if (!anywhere && !isLoopback(host)) {
    throw new SimulationRefused(
      `${host} is not this host: a made-up fleet is load; give --anywhere if that control plane is meant to carry it`,
    );
  }
}
