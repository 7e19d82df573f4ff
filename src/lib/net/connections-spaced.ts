import type { Server, Socket } from "node:net";
import type { FloodGap } from "./flood-gap.ts";

/**
 * Makes the server take new connections at the pace of `gap`. Call this after the listeners of "connection" that read
 * from connections were added, and before those that only count them.
 */
export function connectionsSpaced(
  server: Pick<Server, "listeners" | "removeAllListeners" | "on">,
  gap: FloodGap,
): void {
  const listeners = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    // A reset while it waits; without a listener it would end the process.
    socket.on("error", () => undefined);
    gap.enter(socket, () => {
      for (const listener of listeners) {
        listener.call(server, socket);
      }
    });
  });
}
