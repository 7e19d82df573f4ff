// A process with agents that connect one at a time, each when it is told to, heartbeat and watch: their memory is not the server's.
import { agentClient, type Identity } from "./agent-client.ts";

/** What the process is given, as JSON. */
export interface WatchingAgents {
  port: number;
  agents: { machineId: string; identity: Identity }[];
}

const { port, agents } = JSON.parse(process.argv[2] ?? "") as WatchingAgents;

process.on("message", (index: number) => {
  const { machineId, identity } = agents[index] as WatchingAgents["agents"][number];
  const client = agentClient(port, identity, machineId);
  void client.heartbeat().then(() => {
    client.watch();
    // In order on one connection: once it is answered, the stream is there.
    void client.heartbeat().then(() => process.send?.(index));
  });
});
process.once("disconnect", () => process.exit());
