import { once } from "node:events";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { LabError } from "../errors.ts";
import type { LabControllerProtocol } from "../machine.ts";
import { controllerHost } from "./account.ts";

/** The first port of a lab's controllers, and the one after the last: Linux gives away ports from 32768 on (ip(7)). */
const ports = { first: 24_001, end: 32_768 };

/**
 * Finds a free port for a controller. @param taken ports of the lab's other controllers, which may not be served now
 * @throws {LabError} `controllers_failed` if there is none
 */
export async function controllerPortFind(protocol: LabControllerProtocol, taken: ReadonlySet<number>): Promise<number> {
  for (let port = ports.first; port < ports.end; port += 1) {
    if (!taken.has(port) && (await controllerPortIsFree(protocol, port))) {
      return port;
    }
  }
  throw new LabError("controllers_failed", `no port from ${ports.first} to ${ports.end - 1} is free for a controller`);
}

/** Whether nobody listens on a port of the loopback: TCP for Redfish, UDP for IPMI. */
export async function controllerPortIsFree(protocol: LabControllerProtocol, port: number): Promise<boolean> {
  const listening = protocol === "redfish" ? createServer() : createSocket("udp4");
  try {
    const bound = once(listening, "listening");
    if ("bind" in listening) {
      listening.bind(port, controllerHost);
    } else {
      listening.listen(port, controllerHost);
    }
    await bound;
  } catch {
    return false;
  }
  const closed = once(listening, "close");
  listening.close();
  await closed;
  return true;
}
