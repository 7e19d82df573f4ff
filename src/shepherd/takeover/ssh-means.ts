import { create } from "@bufbuild/protobuf";
import { TakeoverInitSchema } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import { networkConfigParse } from "../../contract/network/network-parse.ts";
import { sshFingerprint, sshHostKeyParse } from "../../contract/ssh-host-key.ts";
import { sshTargetText } from "../../contract/ssh-target.ts";
import type { Database } from "../../database/connect.ts";
import type { AgentKey, MachineId } from "../../database/ids.ts";
import { startAllowByAgent } from "../../database/queries/agent/start-allowed.ts";
import {
  takeoverAgent,
  takeoverKeyForget,
  takeoverKeyOf,
  takeoverKeyRegister,
} from "../../database/queries/agent/takeover-key.ts";
import { machineIdentityOf } from "../../database/queries/machine/machine-identity-of.ts";
import { machineNetworkOf } from "../../database/queries/machine/machine-network.ts";
import { type MachineSsh, machineSshOf, machineSshPin } from "../../database/queries/machine/machine-ssh.ts";
import type { AgentMeans, AgentStart, AgentStarted } from "../means/agent-means.ts";
import type { TakeoverAccess } from "./access.ts";
import { takeoverFilesRead } from "./boot-image-files.ts";
import { TakeoverError } from "./errors.ts";
import { otherMachine } from "./other-machine.ts";
import { sshConnect } from "./ssh-connect.ts";
import { takeover, type TakeoverStep } from "./takeover.ts";

/** The one architecture of boot images that is built. */
const architecture = "x86_64";
/** Times the boot seconds: an agent that comes later than it is waited for is let in, until its host is taken over again. */
const keyHolds = 3;
/** Milliseconds between two looks for the agent. */
const lookPace = 1_000;

/** What is said of each step in `explain`. */
const stepWords: Readonly<Record<TakeoverStep, string>> = {
  look: "its running system is looked at by SSH",
  "make-room": "room is made in its memory",
  reach: "its running system tries to reach the agent API",
  carry: "the agent's kernel and initramfs are carried into its memory",
  load: "its kernel loads the agent's",
  register: "the key that its agent will have is registered",
  go: "its running system is stopped, and the agent's kernel started",
};

/** The means of a takeover by SSH. */
export function sshMeans(database: Database, access: TakeoverAccess): AgentMeans {
  return {
    start: async (start) => {
      if (!start.allowed) {
        return { end: "left", foundBy: "ssh" };
      }
      try {
        return await sshStart(database, access, start);
      } catch (error) {
        if (error instanceof TakeoverError) {
          return { end: "failed", cause: error.message, tags: (tx) => takeoverKeyForget(tx, start.work.machineId) };
        }
        throw error;
      }
    },
  };
}

async function sshStart(database: Database, access: TakeoverAccess, start: AgentStart): Promise<AgentStarted> {
  const { machineId } = start.work;
  const ssh = await machineSshOf(database, machineId);
  if (ssh === undefined) {
    throw new TakeoverError("unreachable", "it has no SSH account any more");
  }
  // A shepherd that was lost may have started an agent's kernel there already.
  const earlier = await takeoverKeyOf(database, machineId);
  try {
    return await waitForAgent(database, start, await takeOver(database, access, { start, ssh }));
  } catch (error) {
    const onItsWay = error instanceof TakeoverError && (error.code === "unreachable" || error.code === "under_way");
    if (earlier === undefined || !onItsWay || !(await sameKey(database, machineId, earlier))) {
      throw error;
    }
    return waitForAgent(database, start, earlier);
  }
}

async function sameKey(database: Database, machineId: MachineId, key: AgentKey): Promise<boolean> {
  const now = await takeoverKeyOf(database, machineId);
  return (now !== undefined && Buffer.compare(now, key) === 0) || (await heard(database, machineId, key)) !== "gone";
}

function heard(database: Database, machineId: MachineId, publicKey: AgentKey): ReturnType<typeof takeoverAgent> {
  return takeoverAgent(database, { machineId, publicKey });
}

/** Resolves to the key of the agent whose kernel the host was told to start. @throws {TakeoverError} */
async function takeOver(
  database: Database,
  access: TakeoverAccess,
  { start, ssh }: { start: AgentStart; ssh: MachineSsh },
): Promise<AgentKey> {
  const { work, session, signal, bootSeconds } = start;
  const { machineId } = work;
  await start.step(stepWords.look);
  const files = await takeoverFilesRead(access.bootImages, architecture);
  const credential = await access.open(ssh.credentialId);
  const caCertificate = Uint8Array.from(await access.caCertificate());
  const identity = await machineIdentityOf(database, machineId);
  const { hostKey: pinned, ...target } = ssh;
  await using host = await sshConnect({ target, hostKey: hostKeyOf(pinned), ...credential }, signal);
  return await takeover(
    host,
    {
      files,
      agents: access.agents,
      init: (bmaasEndpoint) => create(TakeoverInitSchema, { machineId, bmaasEndpoint, caCertificate }),
      network: networkOf(await machineNetworkOf(database, machineId)),
      kernelArguments: access.kernelArguments,
      otherMachine: (probe) => otherMachine(identity, probe),
    },
    {
      step: async (step) => {
        const shown = pinned === undefined && step === "make-room" ? await host.hostKey() : undefined;
        if (shown !== undefined) {
          const key = { hostKey: shown, fingerprint: sshFingerprint(shown) };
          await machineSshPin(database, session, { machineId, ...target, ...key });
        }
        await start.step(stepWords[step]);
      },
      register: (publicKey) =>
        takeoverKeyRegister(database, session, { machineId, publicKey, seconds: bootSeconds * keyHolds }),
      signal,
    },
  );
}

function hostKeyOf(stored: string | undefined): Parameters<typeof sshConnect>[0]["hostKey"] {
  const key = stored === undefined ? undefined : sshHostKeyParse(stored);
  if (key !== undefined && "problem" in key) {
    throw new TakeoverError("host_key", `the stored host key can't be read: ${key.problem}`);
  }
  return key ?? "accept-new";
}

/** It was checked when it was stored. */
function networkOf(text: string | undefined): ReturnType<typeof networkChecked> | undefined {
  return text === undefined ? undefined : networkChecked(text);
}

function networkChecked(text: string) {
  const config = networkConfigParse(text);
  if ("problem" in config) {
    throw new TakeoverError(
      "unsuitable",
      `the machine's network can't be read: ${config.problem}. \`farrier machine update --help\` has --network`,
    );
  }
  return config;
}

/** Waits until the agent with this key has sent a heartbeat, or the time to boot is over. */
async function waitForAgent(database: Database, start: AgentStart, key: AgentKey): Promise<AgentStarted> {
  const { work, clock, signal, bootSeconds } = start;
  const { machineId } = work;
  const since = clock.monotonic();
  await start.step("its agent is waited for");
  for (;;) {
    switch (await heard(database, machineId, key)) {
      case "heard":
        return { end: "agent", tags: (tx) => startAllowByAgent(tx, machineId) };
      case "gone":
        return { end: "failed", cause: "the key of its agent is accepted no longer: another agent was started on it" };
      case "awaited":
        if (clock.monotonic() - since > bootSeconds * 1000) {
          return { end: "failed", cause: await notHeard(database, machineId, bootSeconds) };
        }
        await clock.sleep(lookPace, signal);
    }
  }
}

async function notHeard(database: Database, machineId: MachineId, seconds: number): Promise<string> {
  const ssh = await machineSshOf(database, machineId);
  return (
    `its running system was told to start the agent's kernel, and no agent has called within ${seconds} s. ` +
    `Look at its console; if ${ssh === undefined ? "it" : sshTargetText(ssh)} answers, it has started its own system again, ` +
    "which is as it was; if not, does the agent have the right network? `farrier machine update --help` has --network"
  );
}
