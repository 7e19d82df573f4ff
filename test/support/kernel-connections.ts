import { readFileSync } from "node:fs";

/**
 * Number of IPv4 connections of this machine that one end has not closed, as the kernel counts them (proc_pid_net(5), state
 * 01 is ESTABLISHED): those whose near end is at one of the ports ("local", a server's), or whose far end is ("remote", its
 * clients').
 */
export function openConnections(end: "local" | "remote", ports: readonly number[]): number {
  const wanted = new Set(ports.map((port) => port.toString(16).toUpperCase().padStart(4, "0")));
  return readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/u))
    .filter(([, local = "", remote = "", state]) => {
      const address = end === "local" ? local : remote;
      return state === "01" && wanted.has(address.slice(-4));
    }).length;
}
