import { Agent, type AgentOptions, type ClientRequest } from "node:http";
import type { Duplex } from "node:stream";
import type { ControllerConnections } from "../../controller-connections.ts";

/** Keeps connections for the next read, and closes an idle one while others wait for its place. */
export class ReadAgent extends Agent {
  readonly #places: ControllerConnections;

  constructor(options: AgentOptions, places: ControllerConnections) {
    super(options);
    this.#places = places;
  }

  /** Node calls this when a connection could serve another request. False = it is closed. */
  override keepSocketAlive(socket: Duplex): boolean {
    // The return value is missing from the types: Node's documentation has it.
    const kept = super.keepSocketAlive(socket) as unknown as boolean;
    if (kept) {
      this.#places.idle(socket, () => socket.destroy());
    }
    return kept;
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    this.#places.busy(socket);
    super.reuseSocket(socket, request);
  }
}
