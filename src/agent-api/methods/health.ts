import { status, type handleUnaryCall } from "@grpc/grpc-js";
import type { SessionHolder } from "../../database/session-holder.ts";
import { addressLimit } from "../../lib/net/address-limit.ts";
import type { Clock } from "../../lib/clock.ts";
import { addressOf } from "../listener/caller-address.ts";
import { overloaded } from "../refusal.ts";
import { wireCursor, wireNumber } from "../wire.ts";

/** Path of the method by which load balancers check this server (gRPC Health Checking Protocol). */
export const healthPath = "/grpc.health.v1.Health/Check";

/** HealthCheckResponse.ServingStatus. */
const serving = wireNumber(1, 1n);
const notServing = wireNumber(1, 2n);

/** Service names that a caller may ask for; empty means the whole server. */
const services = new Set(["", "cloud.bmaas.server.api.AgentCallback", "farrier.agent.v1.AgentService"]);

/** Load balancers ask about once a second. Each address has its own limit, so that no other address can use it up. */
const perAddress = { perSecond: 20, burst: 100 };
const together = { perSecond: 1_000, burst: 5_000 };

/**
 * Makes the handler of Health.Check. It needs no certificate and reads only this process's memory: SERVING while the
 * server's session is alive, which means that the database answered within the lease.
 */
export function healthHandler(deps: { sessions: SessionHolder; clock: Clock }): handleUnaryCall<Buffer, Buffer> {
  const limit = addressLimit({ clock: deps.clock, perAddress, together, addresses: 10_000 });
  return (call, respond) => {
    if (!limit.allow(addressOf(call.getPeer()))) {
      respond(overloaded());
      return;
    }
    const service = serviceOf(call.request);
    if (service === undefined) {
      respond({ code: status.INVALID_ARGUMENT, details: "the request is not a protobuf message" });
    } else if (services.has(service)) {
      respond(null, deps.sessions.current() === undefined ? notServing : serving);
    } else {
      const known = [...services].filter((name) => name !== "").join(", ");
      respond({ code: status.NOT_FOUND, details: `no such service here: expected ${known}, or no name` });
    }
  };
}

/** HealthCheckRequest.service; undefined if the bytes are not a message. */
function serviceOf(message: Buffer): string | undefined {
  let service = "";
  try {
    const cursor = wireCursor(message);
    while (cursor.next()) {
      if (cursor.number === 1 && cursor.kind === "bytes") {
        service = message.toString("utf8", cursor.from, cursor.to);
      }
    }
  } catch {
    // Whatever the bytes are, the answer is that they are not a message.
    return undefined;
  }
  return service;
}
