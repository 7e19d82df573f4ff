import { isLoopback, parseHostPort, type HostPort } from "../lib/net/host-port.ts";
import { faultNames, type Fault } from "./faults.ts";

/** What a simulation is to be. */
export interface SimulationOptions {
  /** How many agents: 1 to 10,000. */
  agents: number;
  /** Milliseconds between an agent's heartbeats, ± 5 %. */
  interval: number;
  faults: readonly Fault[];
  /** Names the fleet, and decides all that is random: 1 to 20 of a-z and 0-9. */
  seed: string;
  /** Milliseconds until it comes to its end; what is under way then may still settle. */
  duration: number;
  /** Requests a minute, over the whole fleet. */
  installsPerMinute: number;
  /** Where agents call; more than one = agents go to the next when one is away. Empty = as the control plane says. */
  endpoints: readonly HostPort[];
  /** URLs of the operator API: the next is tried when one is away. */
  operators: readonly string[];
  /** The operators' token. */
  token: string;
  /** Call control planes that are not on this host. */
  anywhere: boolean;
  /** The longest simulated writing of a disk, in milliseconds; 15,000 by default. */
  writing?: number;
  /** How long, in milliseconds, requests may take to be heard of, and all to settle at the end. */
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

/** The control plane's own word for where agents call. @throws {SimulationRefused} where that may not be called */
export function endpointCheck(text: string, anywhere: boolean): HostPort {
  const endpoint = parseHostPort(text);
  requireLoopback(endpoint.host, anywhere);
  return endpoint;
}

/** Reads names with commas between them, or "all". @throws {RangeError} */
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
