import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { MachineStateOwner } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { generation, machineId, sessionId } from "../../database/ids.ts";
import { machineStates, type MachineStateName } from "../../database/machine-state.ts";
import type { BootWindowState } from "../../database/queries/boot/boot-window-state.ts";
import { machineStateOf } from "../../database/queries/views/machine-record-state.ts";
import type { MachineRecord } from "../../database/queries/views/machine-record.ts";
import { durationText } from "../../lib/format/duration.ts";
import { standingMessage } from "../messages/state-message.ts";
import { explain } from "./explain.ts";
import type { CauseKind, ExplainFacts } from "./facts.ts";

const now = new Date("2026-05-01T12:00:00Z");
const minutes = 60_000;
const ago = (count: number): Date => new Date(now.getTime() - count * minutes);
const hence = (count: number): Date => ago(-count);

type Parts = Omit<MachineRecord, "state">;
const machine: Parts = {
  machineId: machineId("123e4567-e89b-42d3-a456-426614174000"),
  name: "box",
  labels: {},
  createdAt: ago(1000),
  lastGeneration: 3n,
  provided: { provider: "static", providerId: "box" },
  work: [],
  backoffs: [],
  identity: { macs: [] },
};

const agent = (heartbeat?: number): Pick<Parts, "agent"> => ({
  agent: {
    startedAt: ago(60),
    publicKey: new Uint8Array(32),
    ...(heartbeat === undefined ? {} : { heartbeatAt: ago(heartbeat) }),
  },
});

const asked = (more: Partial<NonNullable<Parts["installation"]>> = {}): Pick<Parts, "installation"> => ({
  installation: {
    generation: generation(3n),
    requestRaw: new Uint8Array(),
    requestedAt: ago(5),
    pending: true,
    runs: 0,
    ...more,
  },
});

const failed = (error: string, retry?: NonNullable<Parts["installation"]>["retry"]) =>
  asked({
    pending: false,
    final: { result: "error", error, at: ago(1), by: "agent" },
    ...(retry === undefined ? {} : { retry }),
  });

const work = (process: "ShepherdAgentStart" | "ShepherdRecovery", deadline: Date): Pick<Parts, "work"> => ({
  work: [
    {
      process,
      sessionId: sessionId("00000000-1111-4222-8333-444444444444"),
      startedAt: ago(1),
      deadline,
      runtimeInfo: "host7 4711",
    },
  ],
});

const unhealthy = (
  rollup: NonNullable<Parts["health"]>["rollup"],
  parts: readonly string[],
): Pick<Parts, "health"> => ({
  health: { rollup, failed: parts, unread: [], events: [], since: ago(90), readAt: ago(4) },
});
const failedParts = (count: number, kind: string): string[] =>
  Array.from({ length: count }, (_, index) => `${kind} ${index + 1}: critical`);

const windowOf = (state: BootWindowState, closesAt: Date): NonNullable<Parts["bootWindow"]> => ({
  windowId: "w",
  openedBy: "eve",
  openedAt: ago(30),
  closesAt,
  state,
});

const expecting = (): Pick<Parts, "installed" | "cameUp"> => ({
  installed: { generation: generation(3n), at: ago(20) },
  cameUp: { expected: { generation: generation(3n), withinSeconds: 900, deadline: ago(5), silentAt: ago(5) } },
});

function factsOf(state: MachineStateName, parts: Partial<Parts>, more: Partial<ExplainFacts> = {}): ExplainFacts {
  const record = { ...machine, ...parts };
  return {
    record: {
      ...record,
      state: { since: ago(10), deadline: hence(5), ...machineStateOf(state, record) },
    },
    now,
    serverSince: ago(1000),
    shepherd: true,
    silence: { started: 30 * minutes, heartbeat: 10 * minutes },
    ...more,
  };
}

/** The same, but its time in the state is over. */
const overdue = (facts: ExplainFacts): ExplainFacts => {
  const { record } = facts;
  return { ...facts, record: { ...record, state: { ...record.state, deadlineMissedAt: ago(1) } } };
};

/** What happened, the state that it shows in, and what is named as the cause. */
const situations: [what: string, facts: ExplainFacts, causes: CauseKind[], lines: RegExp[]][] = [
  ["nothing yet", factsOf("new", {}), ["no-agent"], [/waiting for an agent to be registered/u]],
  [
    "a system that is expected to report",
    factsOf("coming-up", expecting()),
    [],
    [/waiting for the installed system to report/u, /it counts as silent/u],
  ],
  [
    "a system that did not report",
    factsOf("silent", {
      ...expecting(),
      power: { power: "on", since: ago(30), readAt: ago(2), readFrom: "controller" },
    }),
    ["system-silent", "system-silent"],
    [
      /generation 3 was installed 20 min ago, and its system did not report within 15 min/u,
      /its power was on, read 2 min ago from controller/u,
      /Nothing is installed again/u,
    ],
  ],
  [
    "a system that did not report, with what its agent said last",
    factsOf(
      "silent",
      { ...expecting(), providing: { power: true }, provided: { provider: "lab", providerId: "box" } },
      {
        logTail: [
          { at: ago(21), text: 'the firmware starts the disk first, by its boot entry "Farrier OS"' },
          { at: ago(20), text: "rebooting into the disk" },
        ],
      },
    ),
    ["system-silent", "system-silent"],
    [
      /its agent's log ended 20 min ago with: the firmware starts .* "Farrier OS"; rebooting into the disk/u,
      /`farrier lab console box --lines 40`/u,
      /`farrier machine power box cycle --yes`/u,
    ],
  ],
  [
    "a report that the agent can't ask for",
    factsOf("installed", {
      ...expecting(),
      cameUp: { expected: { generation: generation(3n), withinSeconds: 900, unasked: "agent" } },
    }),
    ["report-not-expected"],
    [/boot image of this version/u],
  ],
  ["nothing yet, and no shepherd", factsOf("new", {}, { shepherd: false }), ["no-agent", "no-shepherd"], []],
  [
    "an agent that was never heard",
    factsOf("awaiting-agent", agent()),
    ["agent-never-heard"],
    [/registered 1 h ago .* and never sent a heartbeat/u, /agent init box --replace/u],
  ],
  [
    "the same, and a server that just came up",
    factsOf("awaiting-agent", agent(), { serverSince: ago(2) }),
    ["agent-never-heard", "no-server"],
    [/alive for 2 min only: an agent's silence counts after 30 min/u],
  ],
  [
    "the same, and no server",
    (() => {
      const { serverSince: _none, ...facts } = factsOf("awaiting-agent", agent());
      return facts;
    })(),
    ["agent-never-heard", "no-server"],
    [/no server is alive/u],
  ],
  [
    "X3: a request, and a read-only database",
    factsOf("install-pending", { ...agent(0), ...asked() }, { readOnly: true }),
    ["database-read-only"],
    [
      /waiting for the database to accept writes, then for /u,
      /next: none until the database accepts writes; then /u,
      /because: the database is read-only [^\n]*: nothing changes until it takes writes/u,
      /you can: make the database accept writes/u,
    ],
  ],
  [
    "X3: all done, and a read-only database",
    factsOf("installed", asked({ pending: false }), { readOnly: true }),
    ["database-read-only"],
    [/waiting for nothing/u, /next: none: /u],
  ],
  ["an agent that waits", factsOf("ready", agent(0)), [], [/waiting for an installation request/u]],
  [
    "installed, and a fan has failed",
    factsOf("installed", { ...asked({ pending: false }), ...unhealthy("critical", ["Fan 3: critical"]) }),
    ["unhealthy"],
    [
      /because: its controller reports its health as critical: Fan 3: critical \(read 4 min ago\)/u,
      /you can: see what is not healthy, .*`farrier machine show box`/u,
    ],
  ],
  [
    "a machine that can't be started, with failed memory",
    factsOf("agent-lost", { ...agent(30), ...asked(), ...unhealthy("warning", failedParts(8, "Memory")) }),
    ["agent-silent", "pending", "unhealthy"],
    [/as warning: Memory 1: critical; .*Memory 5: critical; and 3 more/u],
  ],
  [
    "an installation that goes on, with a warning",
    factsOf("installing", { ...agent(0), ...asked(), ...unhealthy("warning", ["Fan 1: warning"]) }),
    [],
    [],
  ],
  [
    "an installation that is late, with a warning of no part",
    overdue(factsOf("installing", { ...agent(0), ...asked(), ...unhealthy("warning", []) })),
    ["unhealthy", "deadline-missed"],
    [/as warning: it names no part/u],
  ],
  [
    "installed and healthy; what is not known is no cause",
    factsOf("installed", { ...asked({ pending: false }), ...unhealthy("unknown", []) }),
    [],
    [],
  ],
  [
    "an agent in another's place",
    factsOf("awaiting-agent", agent(), { agentReplaced: true }),
    ["agent-never-heard"],
    [/never sent a heartbeat; it replaced another agent, whose key is refused: start it with the new init file/u],
  ],
  ["an agent that waits, and is quiet", factsOf("ready", agent(5)), ["agent-silent"], [/silent since .*, 5 min ago/u]],
  [
    "a request, and an agent that died",
    factsOf("install-pending", { ...agent(6), ...asked() }),
    ["agent-silent"],
    [/agent to begin generation 3/u, /machine cancel box --generation 3/u],
  ],
  ["a request without an agent", factsOf("install-pending", asked()), ["no-agent"], [/to hand generation 3 to/u]],
  [
    "a request that can't be read",
    factsOf("install-pending", { ...agent(0), ...asked() }, { requestProblem: "it can't be decoded" }),
    ["request-unreadable"],
    [
      /waiting for an operator: the stored request can't be handed out/u,
      /next: none by itself: replace or cancel the request/u,
      /not handed out, because it can't be decoded/u,
      /install box --replace/u,
    ],
  ],
  [
    "a selector that matches two disks",
    factsOf("install-pending", { ...agent(0), ...asked() }, { diskProblem: "2 disks match min-bytes=1" }),
    ["disk-selector"],
    [/according to the hardware report, 2 disks match/u],
  ],
  [
    "agents that begin and never report",
    factsOf("install-pending", { ...agent(0), ...asked({ runs: 2 }) }),
    ["progress-stalled"],
    [/2 of 3 agent runs/u],
  ],
  [
    "an installation under way",
    factsOf("installing", {
      ...agent(0),
      ...asked({
        runs: 1,
        progress: { phase: "writing", bytesDone: 5n, bytesTotal: 10n, detail: "", at: now, writingSince: ago(1) },
      }),
    }),
    [],
    [/finish generation 3 \(writing, 5 B of 10 B, 50 %\)/u],
  ],
  [
    "an installation that stands still",
    factsOf("installing", {
      ...agent(4),
      ...asked({ runs: 1, progress: { phase: "writing", bytesDone: 5n, bytesTotal: 0n, detail: "", at: ago(4) } }),
    }),
    ["progress-stalled", "agent-silent"],
    [/no progress was reported for 4 min; the last was writing, 5 B/u],
  ],
  [
    "X13: all done",
    factsOf("installed", asked({ pending: false })),
    [],
    [/waiting for nothing/u, /next: none: [^\n]*nobody watches whether the installed system comes up/u],
  ],
  [
    "all done, and a newer request failed before it touched the disk",
    factsOf("installed", failed("https://a/b cannot be fetched: 404")),
    ["installation-error"],
    [/last error: https:\/\/a\/b cannot be fetched: 404/u],
  ],
  [
    "a wrong digest",
    factsOf("install-failed", failed("http://a/b has the digest sha256:00 (1 bytes), expected sha256:11")),
    ["wrong-digest"],
    [/because: generation 3 failed\nlast error: .*expected sha256:11/u, /machine retry box --generation 3/u],
  ],
  [
    "X12: an image that is not there",
    factsOf("install-failed", failed("http://a/b answered 404 Not Found, expected 200")),
    ["installation-error"],
    [
      /you can: put the file at that address, or request the right address/u,
      /installation-failures\.md#image-not-found/u,
    ],
  ],
  [
    "a selector that the agent found to match none",
    factsOf("install-failed", failed("no disk matches serial=S9. Disks: sda (1 bytes; serial=S1)")),
    ["disk-selector"],
    [/Disks: sda/u],
  ],
  [
    "three runs that did not report",
    factsOf("install-failed", failed("three agents began, none reported")),
    ["runs-exhausted"],
    [],
  ],
  [
    "a cancellation",
    factsOf(
      "install-failed",
      asked({ pending: false, final: { result: "cancelled", error: "why not", at: now, by: "operator" } }),
    ),
    ["cancelled"],
    [/generation 3 was cancelled: why not/u],
  ],
  [
    "an error with a budget",
    factsOf("install-failed", failed("it broke", { attempts: 3, attemptsLeft: 2, nextAt: hence(2) })),
    ["installation-error", "retry-waiting"],
    [/next: a new generation is made at 2026-05-01T12:02:00.000Z \(2 of 3 tries left\)/u, /stop further tries/u],
  ],
  [
    "an error with a budget used up",
    factsOf("install-failed", failed("it broke", { attempts: 3, attemptsLeft: 0 })),
    ["installation-error", "retries-exhausted"],
    [/all 3 tries/u],
  ],
  [
    "a lost agent, and no shepherd",
    factsOf("agent-lost", { ...agent(20), providing: { power: true } }, { shepherd: false }),
    ["agent-silent", "no-shepherd"],
    [
      /waiting for a shepherd, but none is alive: start one/u,
      /next: none until a shepherd runs: start one/u,
      /you can: start a shepherd [^\n]*`farrier shepherd --help`/u,
    ],
  ],
  [
    "X8: a lost agent, and a provider without a power switch",
    factsOf("agent-lost", agent(20)),
    ["agent-silent"],
    [
      /waiting for its agent, to be started by hand: provider static has no power switch/u,
      /next: none by itself: start the agent/u,
    ],
  ],
  [
    "X5: nothing yet, a provider with a power switch, and no shepherd",
    factsOf("new", { providing: { power: true } }, { shepherd: false }),
    ["no-agent", "no-shepherd"],
    [
      /waiting for a shepherd to start an agent, but no shepherd is alive: start one/u,
      /next: none until a shepherd runs: start one; then a shepherd starts an agent/u,
      /you can: start a shepherd [^\n]*`farrier shepherd --help`/u,
    ],
  ],
  [
    "X5: a request, no agent, a provider with a power switch, and no shepherd",
    factsOf("install-pending", { ...asked(), providing: { power: true } }, { shepherd: false }),
    ["no-agent", "no-shepherd"],
    [
      /waiting for [^\n]* no shepherd is alive: start one/u,
      /next: none until a shepherd runs/u,
      /you can: start a shepherd/u,
    ],
  ],
  [
    "X5: a backoff, and no shepherd",
    factsOf(
      "backing-off",
      {
        ...agent(30),
        providing: { power: true },
        backoffs: [{ process: "ShepherdRecovery", until: hence(7), cause: "it broke" }],
        candidate: "ShepherdRecovery",
      },
      { shepherd: false },
    ),
    ["backoff", "agent-silent", "no-shepherd"],
    [
      /then a shepherd, but none is alive: start one/u,
      /next: none until a shepherd runs/u,
      /you can: start a shepherd/u,
    ],
  ],
  [
    "X8: a machine that was never heard, and an agent that waits for approval",
    factsOf("awaiting-agent", agent(), {
      claims: [{ key: "0123456789abcdef", address: "192.0.2.9", since: ago(3), disagrees: false }],
    }),
    ["enrollment-waiting", "agent-never-heard"],
    [
      /waiting for the first heartbeat of its agent; or an operator to approve the agent that claims to be this machine/u,
      /next: [^\n]*; or an operator approves the agent that claims to be this machine/u,
      /`farrier enrollment approve 0123456789abcdef --machine box --replace`/u,
    ],
  ],
  [
    "X6: a caller that is refused",
    factsOf("awaiting-agent", agent(), {
      refused: { key: "0123456789abcdef", address: "192.0.2.9", since: ago(3), lastAt: ago(1), count: 4 },
    }),
    ["agent-never-heard", "caller-refused"],
    [
      /a caller with key 0123456789abcdef from 192\.0\.2\.9 has been refused for 3 min \(4 calls\): another key is registered/u,
      /you can: stop the refused agent at 192\.0\.2\.9/u,
    ],
  ],
  [
    "nothing yet, and a provider with a power switch",
    factsOf("new", { providing: { power: true } }),
    ["no-agent"],
    [
      /waiting for a shepherd to start an agent/u,
      /by the power switch of provider static/u,
      /wait: a shepherd starts an agent by itself/u,
    ],
  ],
  [
    "a provider that is away",
    factsOf("new", { providing: { power: true, unreachable: { since: ago(3), cause: "no route to the rack" } } }),
    ["no-agent", "provider-unreachable"],
    [/provider static has been unreachable for 3 min: no route to the rack/u],
  ],
  [
    "a machine that its provider has no more",
    factsOf("new", { providing: { power: true, vanishedAt: ago(3) } }),
    ["no-agent", "machine-vanished"],
    [/no longer lists it, since 2026-05-01T11:57/u, /machine delete box/u],
  ],
  [
    "a power cut in an installation",
    factsOf("installing", {
      ...agent(0),
      ...asked({ runs: 1 }),
      provided: { provider: "lab", providerId: "u", status: "off" },
      providing: { power: true },
    }),
    ["no-power"],
    [/because: it has no power, according to its provider lab/u],
  ],
  [
    "a machine that was switched on",
    factsOf("starting-agent", {
      ...work("ShepherdAgentStart", hence(0.2)),
      bootWindow: windowOf("open", hence(8)),
    }),
    ["boot-window", "no-agent"],
    [/waiting for it to boot from the network/u],
  ],
  [
    "one whose agent was handed its token",
    factsOf("starting-agent", {
      ...work("ShepherdAgentStart", hence(0.2)),
      bootWindow: windowOf("given", hence(8)),
    }),
    ["boot-window", "no-agent"],
    [/waiting for its agent to start, and to enrol/u],
  ],
  [
    "a shepherd's work on it to end",
    factsOf("starting-agent", work("ShepherdAgentStart", hence(0.2))),
    ["no-agent"],
    [/ShepherdAgentStart, held by host7 4711/u],
  ],
  [
    "work of a session that is lost",
    factsOf("recovering", { ...agent(20), ...work("ShepherdRecovery", ago(0.1)) }),
    ["session-lost", "agent-silent"],
    [/past its deadline since 2026-05-01T11:59:54/u],
  ],
  [
    "a backoff",
    factsOf("backing-off", {
      ...agent(30),
      backoffs: [{ process: "ShepherdRecovery", until: hence(7), cause: "provider static can't start an agent" }],
      candidate: "ShepherdRecovery",
    }),
    ["backoff", "agent-silent"],
    [
      /not tried again before 2026-05-01T12:07:00.000Z\n[^]*last error: provider static can't start/u,
      /backoff clear box/u,
    ],
  ],
  [
    "every means of starting an agent has failed: an operator has to act",
    factsOf(
      "backing-off",
      {
        ssh: { user: "root", host: "192.0.2.7", port: 22, credential: "rented" },
        providing: { power: true },
        backoffs: [{ process: "ShepherdAgentStart", until: hence(7), cause: "nothing answers" }],
        candidate: "ShepherdAgentStart",
      },
      {
        startFailures: [
          { means: "provider-network", failures: 3, cause: "nothing answers" },
          { means: "ssh-takeover", failures: 2, cause: "there is no SSH connection" },
        ],
      },
    ),
    ["agent-start", "agent-start", "backoff", "no-agent"],
    [
      /waiting for an operator to look at the machine: every means of starting an agent on it has failed: its running system, by SSH \(2 times\); its provider's power switch, by network boot \(3 times\)/u,
      /next: a shepherd tries them again in turn after 2026-05-01T12:07:00.000Z/u,
      /you can: repair what the cause names/u,
    ],
  ],
  [
    "one means of starting an agent may work yet",
    factsOf(
      "backing-off",
      {
        ssh: { user: "root", host: "192.0.2.7", port: 22, credential: "rented" },
        providing: { power: true },
        backoffs: [{ process: "ShepherdAgentStart", until: hence(7), cause: "there is no SSH connection" }],
        candidate: "ShepherdAgentStart",
      },
      { startFailures: [{ means: "ssh-takeover", failures: 2, cause: "there is no SSH connection" }] },
    ),
    ["agent-start", "backoff", "no-agent"],
    [/waiting for the end of the backoff/u],
  ],
  [
    "an agent that waits for approval",
    factsOf(
      "new",
      {},
      { claims: [{ key: "0123456789abcdef", address: "192.0.2.9", since: ago(3), disagrees: false }] },
    ),
    ["enrollment-waiting", "no-agent"],
    [
      /waiting for an operator to approve the agent that claims to be this machine/u,
      /because: key 0123456789abcdef \(192\.0\.2\.9\) has claimed to be this machine since 3 min/u,
      /farrier enrollment approve 0123456789abcdef --machine box/u,
    ],
  ],
  [
    "another board with the same UUID",
    factsOf("ready", agent(0), {
      claims: [{ key: "0123456789abcdef", address: "192.0.2.9", since: ago(3), disagrees: true }],
    }),
    ["enrollment-waiting"],
    [
      /has its SMBIOS UUID or one of its MACs, but not both: another board with the same UUID/u,
      /otherwise make it a new machine: `farrier enrollment approve 0123456789abcdef`/u,
    ],
  ],
  [
    "N6: this machine's UUID in another byte order",
    factsOf("ready", agent(0), {
      claims: [
        { key: "0123456789abcdef", address: "192.0.2.9", since: ago(3), disagrees: true, differs: "byte-order" },
      ],
    }),
    ["enrollment-waiting"],
    [
      /has this machine's SMBIOS UUID in another byte order: it is this machine/u,
      /approve the agent, which also stores the UUID [^`]*`farrier enrollment approve 0123456789abcdef --machine box --replace`/u,
    ],
  ],
  [
    "N7: an installed machine whose board was replaced, with an agent in place of its system",
    factsOf("installed", agent(0), {
      claims: [{ key: "0123456789abcdef", address: "192.0.2.9", since: ago(3), disagrees: true, differs: "uuid" }],
    }),
    ["enrollment-waiting"],
    [
      /waiting for an operator: an agent runs on what looks like this machine, instead of its system/u,
      /next: none by itself: approve that agent, [^\n]* the board may have been replaced/u,
      /one of its MACs and another SMBIOS UUID: this machine with another board/u,
      /`farrier enrollment approve 0123456789abcdef --machine box --replace`/u,
    ],
  ],
  [
    "a machine whose turn in a rollout has not come",
    factsOf("ready", agent(0), { rollout: { name: "night", state: "running", wave: 3, machine: "waiting" } }),
    ["rollout"],
    [
      /because: rollout night holds it for wave 3: its turn has not come$/mu,
      /you can: see how far the rollout is: `farrier rollout show night`/u,
    ],
  ],
  [
    "a machine that waits for a rollout that its rule has stopped",
    factsOf("ready", agent(0), { rollout: { name: "night", state: "stopped", wave: 3, machine: "waiting" } }),
    ["rollout"],
    [
      /its turn has not come, and the rollout is stopped/u,
      /you can: go on with the rollout: `farrier rollout resume night`/u,
    ],
  ],
  [
    "a machine that a rollout has begun",
    factsOf(
      "install-pending",
      { ...agent(0), ...asked() },
      { rollout: { name: "night", state: "running", wave: 2, machine: "requested" } },
    ),
    ["rollout"],
    [/because: rollout night holds it: its turn in wave 2 has come/u, /`farrier rollout show night`/u],
  ],
  [
    "a machine that failed in a rollout",
    factsOf(
      "install-failed",
      { ...agent(0), ...failed("the server of the image answered 404") },
      { rollout: { name: "night", state: "done", wave: 2, machine: "failed" } },
    ),
    ["installation-error", "rollout"],
    [
      /because: it failed in rollout night, in wave 2/u,
      /you can: try it again with all that failed in the rollout: `farrier rollout retry-failed night`/u,
    ],
  ],
  [
    "N8: an agent that waits for approval while the machine is in quarantine",
    factsOf(
      "quarantined",
      {},
      { claims: [{ key: "0123456789abcdef", address: "192.0.2.9", since: ago(3), disagrees: false }] },
    ),
    ["enrollment-waiting"],
    [/you can: release it first: `farrier machine release box`/u],
  ],
  [
    "X14: a machine that fetches its boot image again and again",
    factsOf(
      "new",
      { bootWindow: windowOf("given", hence(8)) },
      { netboot: { since: ago(9), lastAt: ago(1), asked: 4, loaded: 4, configured: 4 } },
    ),
    ["boot-window", "boot-window", "no-agent"],
    [/fetched kernel and initramfs 4 times since 9 min, the last time 1 min ago, [^\n]*too little memory/u],
  ],
  [
    "X14: a machine that never gets the boot image whole",
    factsOf(
      "new",
      { bootWindow: windowOf("open", hence(8)) },
      { netboot: { since: ago(2), lastAt: ago(1), asked: 3, loaded: 0, configured: 0 } },
    ),
    ["boot-window", "boot-window", "no-agent"],
    [
      /told to start the agent 3 times since 2 min, [^\n]* never fetched kernel and initramfs whole: too little memory/u,
    ],
  ],
  [
    "a boot window that is open",
    factsOf("new", { bootWindow: windowOf("open", hence(8)) }),
    ["boot-window", "no-agent"],
    [
      /waiting for it to boot from the network/u,
      /next: once it boots from the network, its agent starts and enrols/u,
      /boot window .* is open until 2026-05-01T12:08:00.000Z/u,
    ],
  ],
  [
    "a boot window for a boot medium",
    factsOf("new", { bootWindow: { ...windowOf("open", hence(8)), way: "medium" } }),
    ["boot-window", "no-agent"],
    [
      /waiting for it to boot from its virtual medium/u,
      /next: once it boots from its virtual medium, its agent starts and enrols/u,
      /boot window .* is open until 2026-05-01T12:08:00.000Z: its controller has not fetched the boot medium yet/u,
    ],
  ],
  [
    "a boot window for UEFI HTTP boot",
    factsOf("new", { bootWindow: { ...windowOf("open", hence(8)), way: "http" } }),
    ["boot-window", "no-agent"],
    [
      /waiting for it to boot from the boot medium, by UEFI HTTP boot/u,
      /boot window .* is open until 2026-05-01T12:08:00.000Z: the machine has not fetched the boot medium yet/u,
    ],
  ],
  [
    "a boot window whose token nobody has presented",
    factsOf("install-pending", { ...asked(), bootWindow: windowOf("given", hence(8)) }),
    ["boot-window", "no-agent"],
    [/its token was handed out, and no agent has presented it yet/u],
  ],
  [
    "a boot window in which nobody came",
    factsOf("new", { bootWindow: windowOf("expired", ago(8)) }),
    ["boot-window", "no-agent"],
    [/ended 8 min ago, and no agent came/u, /farrier machine boot-window box/u],
  ],
  [
    "a second claimant",
    factsOf("quarantined", {
      ...agent(30),
      quarantine: { reason: "a second claimant: key 01 said to be this machine", by: "farrier", at: ago(90) },
    }),
    ["second-claimant"],
    [
      /farrier put it in quarantine 1 h 30 min ago: a second claimant: key 01/u,
      /find out which of the two is this machine/u,
    ],
  ],
  [
    "a quarantine",
    factsOf("quarantined", { ...agent(30), quarantine: { reason: "smells", by: "eve", at: ago(90) } }),
    ["quarantine"],
    [/eve put it in quarantine 1 h 30 min ago: smells/u, /machine release box/u],
  ],
];

describe.each(situations)("%s", (_what, facts, causes, lines) => {
  const explanation = explain(facts);

  test("is explained: causes, and words for people", () => {
    expect(explanation.causes.map(({ kind }) => kind)).toEqual(causes);
    expect(explanation.lines[0]).toBe(
      `box is in state ${facts.record.state.state} for 10 min (expected at most 15 min)`,
    );
    for (const line of lines) {
      expect(explanation.lines.join("\n")).toMatch(line);
    }
  });

  test("has a next step, something that it waits for, and an exit", () => {
    expect(explanation.nextStep).not.toBe("");
    expect(explanation.waitingFor).not.toBe("");
    expect(explanation.remedies.length).toBeGreaterThan(0);
    // What is missing must not be shown as a word of JavaScript's.
    expect(explanation.lines.join("\n")).not.toMatch(/undefined|null|NaN|\[object/u);
  });
});

test("every state is in the table", () => {
  const shown = new Set(situations.map(([, { record }]) => record.state.state));
  expect([...shown].toSorted()).toEqual([...machineStates].toSorted());
});

test.each(machineStates)(
  "state %s is explained where nothing belongs to it that could, and has its section",
  async (state) => {
    const { provided: _none, ...bare } = machine;
    const { remedies, lines, documentation } = explain(factsOf(state, bare));
    expect(remedies.length).toBeGreaterThan(0);
    expect(lines.join("\n")).not.toMatch(/undefined|null|NaN|\[object/u);
    const [file = "", anchor] = documentation.split("#");
    const text = await readFile(new URL(`../../../${file}`, import.meta.url), "utf8");
    const anchors = [...text.matchAll(/^#+ (?<title>.+)$/gmu)].map((match) =>
      (match.groups?.["title"] ?? "")
        .toLowerCase()
        .replaceAll("`", "")
        .replaceAll(/[^a-z0-9 -]/gu, "")
        .replaceAll(" ", "-"),
    );
    expect(anchors).toContain(anchor);
  },
);

test("a deadline that has passed is named, noted or not; a state without one may stay", () => {
  const facts = factsOf("ready", agent(0));
  const late = { ...facts, record: { ...facts.record, state: { ...facts.record.state, deadline: ago(1) } } };
  expect(explain(late).causes.map(({ kind }) => kind)).toEqual(["deadline-missed"]);
  const { deadline: _none, ...standing } = facts.record.state;
  const resting = { ...facts, record: { ...facts.record, state: standing } };
  expect(explain(resting).lines[0]).toContain("(no time limit)");
});

test.each([
  [0, "0 s"],
  [-5, "0 s"],
  [999, "0 s"],
  [59_000, "59 s"],
  [60_000, "1 min"],
  [61_000, "1 min 1 s"],
  [3_600_000, "1 h"],
  [3_661_000, "1 h 1 min"],
  [3_601_000, "1 h"],
  [90_061_000, "1 d 1 h"],
  [86_460_000, "1 d"],
])("%i ms are %s", (milliseconds, text) => {
  expect(durationText(milliseconds)).toBe(text);
});

test("N1: a MAC that makers give to many ports is no reason to let an agent in as this machine", () => {
  const claim = { key: "0123456789abcdef", address: "192.0.2.9", since: ago(3), disagrees: true } as const;
  const { remedies, waitingFor } = explain(
    factsOf("installed", {}, { claims: [{ ...claim, differs: "uuid", weak: true }] }),
  );
  expect(remedies.join("\n")).not.toContain("--machine");
  expect(remedies).toContainEqual(expect.stringContaining("farrier enrollment approve 0123456789abcdef`"));
  expect(waitingFor).toBe("nothing");
});

test("N8: in quarantine no approval is proposed, which would be refused", () => {
  const claim = { key: "0123456789abcdef", address: "192.0.2.9", since: ago(3), disagrees: false };
  expect(explain(factsOf("quarantined", {}, { claims: [claim] })).remedies.join("\n")).not.toContain(
    "enrollment approve",
  );
});

describe("X8: who moves a machine on is who its next step names", () => {
  const backoffs = [{ process: "ShepherdRecovery" as const, until: hence(7), cause: "no power" }];
  const table: [state: MachineStateName, parts: Partial<Parts>][] = [
    ["new", {}],
    ["agent-lost", agent(20)],
    ["backing-off", { ...agent(20), backoffs }],
    ["install-pending", asked()],
  ];
  test.each(table)("%s: an operator without a power switch, a shepherd with one", (state, parts) => {
    for (const [power, owner, next] of [
      [false, MachineStateOwner.OPERATOR, /none by itself: (?:register|start) (?:an|the) agent/u],
      [true, MachineStateOwner.SHEPHERD, /a shepherd/u],
    ] as const) {
      const { record } = factsOf(state, { ...parts, providing: { power } });
      const standing = standingMessage(record);
      expect(standing.owner).toBe(owner);
      expect(standing.nextStep).toMatch(next);
    }
  });

  test("a request that an agent takes up is the agent's", () => {
    const { record } = factsOf("install-pending", { ...asked(), ...agent(1), providing: { power: false } });
    expect(standingMessage(record).owner).toBe(MachineStateOwner.AGENT);
  });
});
