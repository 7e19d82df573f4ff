// Who keeps a connection to the agent port: agents of machines, however many connections others hold open.
import { once } from "node:events";
import { connect as http2Connect, type ClientHttp2Session } from "node:http2";
import { connect as tlsConnect } from "node:tls";
import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { agentClient, heartbeatPath, identityOf, type Identity } from "../../test/support/agent-client.ts";
import { agentServer, type AgentServer } from "../../test/support/agent-server.ts";
import { callFrames, preface, reset, settings } from "../../test/soak/attack/frames.ts";
import { waitFor } from "../../test/support/wait.ts";
import { ed25519KeyPair } from "../lib/tls/ed25519.ts";

const patient = {
  handshake: 60_000,
  requestArrival: 60_000,
  strangerConnection: 60_000,
  undecidedConnection: 60_000,
  floodPause: 60_000,
};

async function session({ port }: AgentServer, { key, certificate: cert }: Identity): Promise<ClientHttp2Session> {
  const made = http2Connect(`https://127.0.0.1:${port}`, { key, cert, rejectUnauthorized: false });
  made.on("error", () => undefined);
  await once(made, "connect");
  return made;
}

const connections = async ({ metrics }: AgentServer): Promise<number> =>
  (await metrics.agentConnections.get()).values[0]?.value ?? 0;

test("A6: neither a key that no machine has nor PING keeps a connection open; an agent's heartbeat does", async () => {
  await using server = await agentServer({ times: { ...patient, strangerConnection: 1_000 } });
  const { client } = await server.agent();
  await client.heartbeat();
  const stranger = await session(server, identityOf(ed25519KeyPair()));
  const pinging = setInterval(() => stranger.destroyed || stranger.ping(() => undefined), 20);
  try {
    const refused = stranger.request({ ":method": "POST", ":path": heartbeatPath, "content-type": "application/grpc" });
    refused.on("error", () => undefined);
    refused.end(Buffer.from([0, 0, 0, 0, 0]));
    await waitFor("the stranger's connection is closed", () => stranger.destroyed);
    expect(await connections(server)).toBe(1);
    await client.heartbeat();
  } finally {
    clearInterval(pinging);
    stranger.destroy();
  }
});

test("A6: a connection whose key was replaced is a stranger's from then on; another agent keeps its own", async () => {
  await using server = await agentServer({ times: { ...patient, strangerConnection: 1_000 } });
  const replaced = await server.agent();
  await replaced.client.heartbeat();
  const other = await server.agent();
  await other.client.heartbeat();
  expect(await connections(server)).toBe(2);
  await server.fleet.rekey(replaced.machine);
  await expect(replaced.client.heartbeat()).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  await waitFor("its connection is closed", async () => (await connections(server)) === 1);
  await other.client.heartbeat();
  // A heartbeat for a machine that is not this agent's changes nothing about its own.
  const { machineId } = replaced.machine;
  await expect(other.client.heartbeat({ machineId })).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  await other.client.heartbeat();
  expect(await connections(server)).toBe(1);
});

test("A6: while the database is away, an agent's new connection is kept; one without a call is closed", async () => {
  await using server = await agentServer({ times: { ...patient, strangerConnection: 1_000 } });
  const { machine } = await server.agent();
  const lost = server.sessions.current();
  // In place of a database that is away: for a server without a live session nobody is a stranger.
  await server.fleet.rows("UPDATE sessions SET session_deadline = now() - interval '1 s'");
  const agent = server.client(machine);
  await expect(agent.heartbeat()).rejects.toMatchObject({ code: status.UNAVAILABLE });
  await expect(agent.heartbeat({ hardwareReport: {} })).rejects.toMatchObject({ code: status.UNAVAILABLE });
  // Made later than the agent's, with as much time for strangers.
  const idle = await session(server, identityOf(ed25519KeyPair()));
  await waitFor("the idle connection is closed", () => idle.destroyed);
  expect(await connections(server)).toBe(1);
  await server.fleet.rows(
    "UPDATE sessions SET session_deadline = now() + interval '15 s' WHERE session_id = $1",
    lost?.id ?? "",
  );
  await agent.heartbeat();
  expect(await connections(server)).toBe(1);
});

test("A6: strangers' idle connections keep no agent out", async () => {
  await using server = await agentServer({ times: patient, maximumConnections: 20 });
  const early = await server.agent();
  await early.client.heartbeat();
  using idle = new DisposableStack();
  const { key, certificate: cert } = identityOf(ed25519KeyPair());
  const sockets = Array.from({ length: 60 }, () =>
    idle.adopt(
      tlsConnect({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2"], key, cert })
        .on("error", () => undefined)
        .resume(),
      (socket) => socket.destroy(),
    ),
  );
  await waitFor("half of all are one address's", () => sockets.filter(({ closed }) => !closed).length === 10, {
    timeoutMs: 60_000,
  });
  const late = await server.agent();
  await late.client.heartbeat();
  await early.client.heartbeat();
});

test("A2: a connection that resets many calls is closed, and agents' go on", async () => {
  await using server = await agentServer({ times: patient });
  const { client } = await server.agent();
  const stranger = await session(server, identityOf(ed25519KeyPair()));
  let resets = 0;
  await waitFor(
    "the connection is closed",
    async () => {
      for (let count = 0; count < 100 && !stranger.destroyed; count += 1) {
        const stream = stranger.request({
          ":method": "POST",
          ":path": heartbeatPath,
          "content-type": "application/grpc",
        });
        stream.on("error", () => undefined);
        stream.close(8);
        resets += 1;
      }
      await client.heartbeat();
      return stranger.destroyed || stranger.closed;
    },
    { timeoutMs: 60_000 },
  );
  expect(resets).toBeLessThan(20_000);
  stranger.destroy();
});

test("A2: who flooded waits with its next connections, whatever it is; others' calls are answered", async () => {
  await using server = await agentServer({ times: patient });
  const { machine: loud, client: own } = await server.agent();
  const { client } = await server.agent();
  await own.heartbeat();
  for (const flooder of [identityOf(loud.agent), identityOf(ed25519KeyPair())]) {
    const { key, certificate: cert } = flooder;
    const socket = tlsConnect({
      ...{ port: server.port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2"], key, cert },
    });
    socket.on("error", () => undefined).resume();
    await once(socket, "secureConnect");
    socket.write(Buffer.concat([preface, settings()]));
    const packet: Buffer[] = [];
    for (let id = 1; id < 1_200; id += 2) {
      packet.push(callFrames(id, heartbeatPath, Buffer.alloc(0)), reset(id, 8));
    }
    socket.write(Buffer.concat(packet));
    await waitFor("the connection is closed", () => socket.closed);
    const next = await session(server, flooder);
    const call = next.request({ ":method": "POST", ":path": heartbeatPath, "content-type": "application/grpc" });
    let answered = false;
    call.on("error", () => undefined).on("response", () => void (answered = true));
    call.end(Buffer.from([0, 0, 0, 0, 0]));
    await client.heartbeat();
    const stranger = agentClient(server.port, identityOf(ed25519KeyPair()));
    expect((await stranger.raw(heartbeatPath, Buffer.alloc(0))).code).toBe(status.INVALID_ARGUMENT);
    stranger[Symbol.dispose]();
    expect(answered).toBe(false);
    next.destroy();
  }
});

test.each([1, 7, 8, 11])(
  "A2: calls that come reset in one packet are dropped, their connection is closed: code %i",
  async (code) => {
    await using server = await agentServer({ times: patient });
    const { client } = await server.agent();
    await client.heartbeat();
    const { key, certificate: cert } = identityOf(ed25519KeyPair());
    const socket = tlsConnect({
      port: server.port,
      host: "127.0.0.1",
      rejectUnauthorized: false,
      ALPNProtocols: ["h2"],
      key,
      cert,
    });
    socket.on("error", () => undefined);
    await once(socket, "secureConnect");
    socket.resume();
    const packet = [preface, settings()];
    for (let id = 1; id < 1_200; id += 2) {
      packet.push(callFrames(id, heartbeatPath, Buffer.alloc(0)), reset(id, code));
    }
    socket.write(Buffer.concat(packet));
    await waitFor("the connection is closed", () => socket.closed);
    const answered = (await server.metrics.heartbeats.get()).values.filter(({ labels }) => labels.answer !== "ok");
    expect(answered.reduce((sum, { value }) => sum + value, 0)).toBeLessThanOrEqual(8);
    await client.heartbeat();
  },
);
