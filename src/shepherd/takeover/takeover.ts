import { createHash, randomBytes } from "node:crypto";
import { isIP } from "node:net";
import type { TakeoverInit } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import type { NetworkConfig } from "../../contract/network/network-config.ts";
import { networkLines } from "../../contract/network/network-lines.ts";
import { networkYaml } from "../../contract/network/network-yaml.ts";
import type { AgentKey } from "../../database/ids.ts";
import { cpioArchive } from "../../lib/cpio.ts";
import { formatHostPort, parseHostPort } from "../../lib/net/host-port.ts";
import type { TakeoverFiles } from "./boot-image-files.ts";
import { TakeoverError } from "./errors.ts";
import { hostSaid } from "./host-output.ts";
import { hostNetwork } from "./host-network.ts";
import { probeProblem, roomNeeded } from "./probe-decide.ts";
import { type HostProbe, probeRead } from "./probe-read.ts";
import { probeScript } from "./probe-script.ts";
import {
  beginCommand,
  goScript,
  hostDirectoryPrefix,
  notGoingStatus,
  reaperScript,
  removeCommand,
  takeoverScript,
  underWayStatus,
  undoScript,
} from "./scripts.ts";
import type { HostRan, HostRunOptions, TakeoverHost } from "./ssh-host.ts";
import { agentInitHead, takeoverInitBytes, takeoverKey } from "./takeover-init.ts";

/** How the agent on a host reaches the agent API: as configured, or on that port of the address that the host sees. */
export type AgentsReach = { endpoint: string } | { port: number };

/** What a takeover puts on a host. */
export interface TakeoverPlan {
  files: TakeoverFiles;
  agents: AgentsReach;
  /** Makes TakeoverInit, once the agent API's address is known. */
  init: (endpoint: string) => TakeoverInit;
  /** The machine's network; absent = as the host has it now. */
  network: NetworkConfig | undefined;
  kernelArguments: string;
  /** Why the host is another machine than expected; undefined if it may be the machine. */
  otherMachine: (probe: HostProbe) => string | undefined;
}

/** What a takeover does beside the host. */
export interface TakeoverSteps {
  /** Called before each step, with the step's name. */
  step: (name: TakeoverStep) => Promise<void> | void;
  /** Has the server accept the key. Called only for an answer that echoes what was sent. */
  register: (key: AgentKey) => Promise<void>;
  signal: AbortSignal;
}

/** The steps of a takeover, in their order. */
export const takeoverSteps = ["look", "make-room", "reach", "carry", "load", "register", "go"] as const;
export type TakeoverStep = (typeof takeoverSteps)[number];

/** Seconds for commands that only look or change little, and for those that carry or load an image. */
const shortLimit = 60;
const longLimit = 900;
/** Seconds after which a host removes what was carried to it, if nobody carries on. */
const reaperSeconds = 2700;
const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/**
 * Takes a host over: looks at it, carries the agent's kernel and initramfs into its memory, has the agent's key made there,
 * and starts the kernel. Nothing on its disks is written. If a step fails, what was carried is removed, and the host runs on.
 * Resolves once the host was told to start the agent's kernel, to the key of the agent that will call.
 * @throws {TakeoverError}
 */
export async function takeover(host: TakeoverHost, plan: TakeoverPlan, steps: TakeoverSteps): Promise<AgentKey> {
  const { files, network } = plan;
  const { signal, step } = steps;
  await step("look");
  const probe = await look(host, signal);
  const bytes = files.programs.reduce(
    (sum, { data }) => sum + data.length,
    files.busybox.length + files.vmlinuz.length + files.initramfs.bytes,
  );
  const problem = probeProblem(probe, { architecture: files.architecture, bytes });
  if (problem !== undefined) {
    throw problem;
  }
  const other = plan.otherMachine(probe);
  if (other !== undefined) {
    throw new TakeoverError("other_machine", host.clean(other));
  }
  const on = carriedHost(host, { probe, signal });
  /** Whether the host may be starting the agent's kernel: then nothing of it may be removed. */
  let told = false;
  try {
    await step("make-room");
    await on.begin(roomNeeded({ architecture: files.architecture, bytes }), files.busybox);
    await step("reach");
    const endpoint = endpointOf(plan.agents, probe);
    await on.reach(endpoint);
    await step("carry");
    const init = plan.init(endpoint);
    const ownNetwork = network ?? hostNetwork(probe);
    await on.carry(files, {
      "init-head.json": agentInitHead(init, ownNetwork === undefined ? undefined : networkYaml(ownNetwork)),
      "command-line": commandLine(plan.kernelArguments, probe.commandLine),
      ...(ownNetwork === undefined ? {} : { network: networkLines(ownNetwork) }),
      "takeover.sh": takeoverScript,
      "reaper.sh": reaperScript,
      "go.sh": goScript,
      "undo.sh": undoScript,
    });
    await step("load");
    const sent = takeoverInitBytes(init);
    const answer = await on.run("takeover.sh", "", { input: sent, limit: longLimit, signal });
    if (answer.stdout.length === 0) {
      throw new TakeoverError(
        "program_failed",
        `the takeover program ended with status ${answer.status} without an answer: ${hostSaid(answer.stderr)}`,
      );
    }
    const key = takeoverKey(answer.stdout, sent, (text) => host.clean(text));
    await step("register");
    await steps.register(key);
    await step("go");
    told = true;
    const went = await go(on, signal);
    if (went !== undefined && went.status !== 0) {
      told = false;
      throw new TakeoverError("kexec_refused", `the host did not start the agent's kernel: ${saidOf(host, went)}`);
    }
    return key;
  } catch (error) {
    if (!told) {
      await on.undo();
    }
    throw error;
  }
}

/**
 * Tells the host to start the loaded kernel, and once more if the connection breaks: the host may not have heard it.
 * Undefined: the host may have gone before it could say so, which is seen by the agent's first call.
 */
async function go(on: CarriedHost, signal: AbortSignal): Promise<HostRan | undefined> {
  const tell = (): Promise<HostRan> => on.run("go.sh", "", { limit: shortLimit, signal });
  try {
    return await tell();
  } catch (error) {
    switch (error instanceof TakeoverError ? error.code : undefined) {
      case "unreachable":
        break;
      case "limit":
        return undefined;
      default:
        throw error;
    }
  }
  try {
    const { status, ...again } = await tell();
    // Neither: a host that is stopping its services refuses sudo, or any command.
    return status === 0 || status === notGoingStatus ? { status, ...again } : undefined;
  } catch (error) {
    // Such a host may refuse the login, too.
    if (error instanceof TakeoverError) {
      return undefined;
    }
    throw error;
  }
}

async function look(host: TakeoverHost, signal: AbortSignal): Promise<HostProbe> {
  const { stdout, stderr, status } = await host.run("sh -s", {
    input: Buffer.from(probeScript),
    limit: shortLimit,
    signal,
  });
  const probe = probeRead(stdout.toString("utf8"));
  if (probe === undefined) {
    throw new TakeoverError(
      "unsuitable",
      `the account does not run commands as a Linux system does (status ${status}): ${saidOf(host, { stdout, stderr })}`,
    );
  }
  const { sudo, architecture, kernel, container } = probe;
  return {
    ...probe,
    sudo: host.clean(sudo),
    architecture: host.clean(architecture),
    kernel: host.clean(kernel),
    container: host.clean(container),
  };
}

/** What a command said, on standard error or else on standard output. */
function saidOf(host: TakeoverHost, { stdout, stderr }: Pick<HostRan, "stdout" | "stderr">): string {
  return hostSaid(stderr || host.clean(stdout.toString("utf8")));
}

interface CarriedHost {
  begin(bytes: number, busybox: Buffer): Promise<void>;
  reach(endpoint: string): Promise<void>;
  carry(files: TakeoverFiles, texts: Readonly<Record<string, string>>): Promise<void>;
  /** Runs a carried script as root. */
  run(script: string, words: string, options: HostRunOptions): Promise<HostRan>;
  /** Removes all of it; failures are ignored, because the host removes it by itself later. */
  undo(): Promise<void>;
}

function carriedHost(host: TakeoverHost, { probe, signal }: { probe: HostProbe; signal: AbortSignal }): CarriedHost {
  const directory = `${hostDirectoryPrefix}${randomBytes(8).toString("hex")}`;
  const busybox = `${directory}/busybox`;
  const root = probe.root === "sudo" ? "sudo -n " : "";
  let begun = false;
  const required = async (what: string, command: string, options: HostRunOptions): Promise<HostRan> => {
    const ran = await host.run(`${root}${command}`, options);
    if (ran.status === underWayStatus) {
      throw new TakeoverError("under_way", "the host is about to start the agent of an earlier takeover");
    }
    if (ran.status !== 0) {
      throw new TakeoverError("not_carried", `${what} (status ${ran.status}): ${saidOf(host, ran)}`);
    }
    return ran;
  };
  const run: CarriedHost["run"] = (script, words, options) =>
    host.run(`${root}${busybox} sh ${directory}/${script} ${directory} ${words}`.trim(), options);
  return {
    begin: async (bytes, program) => {
      await required(
        "the host did not make a file system in memory for it",
        `sh -c ${quote(beginCommand(directory, bytes))}`,
        { input: program, limit: longLimit, signal },
      ).catch((error: unknown) => {
        begun = !(error instanceof TakeoverError && error.code === "under_way");
        throw error;
      });
      begun = true;
    },
    reach: async (endpoint) => {
      const { host: name, port } = parseHostPort(endpoint);
      // An empty line is no TLS: what answers closes the connection, and that it answers is what counts.
      const { status, stderr } = await host.run(
        `${root}${busybox} sh -c ${quote(`echo | ${busybox} timeout 20 ${busybox} nc -w 10 ${name} ${port} > /dev/null`)}`,
        { limit: shortLimit, signal },
      );
      if (status !== 0) {
        throw new TakeoverError(
          "unsuitable",
          `the host does not reach the agent API at ${formatHostPort({ host: name, port })}: ${hostSaid(stderr)}. Does a firewall forbid it, or is the agent API at another address? \`farrier shepherd --help\` has --agents`,
        );
      }
    },
    carry: async (files, texts) => {
      const entries = [
        ...files.programs,
        { path: "vmlinuz", data: files.vmlinuz },
        ...Object.entries(texts).map(([path, text]) => ({ path, data: Buffer.from(text) })),
      ];
      const digests = entries.map(({ path, data }) => `${createHash("sha256").update(data).digest("hex")}  ${path}\n`);
      const archive = cpioArchive(
        [...entries, { path: "sums", data: Buffer.from(digests.join("")) }].map((entry) => ({
          kind: "file" as const,
          mode: 0o700,
          ...entry,
        })),
      );
      const unpack = `cd ${directory} && ${busybox} cpio -idm && (${busybox} setsid ${busybox} sh reaper.sh ${directory} ${reaperSeconds} < /dev/null > /dev/null 2>&1 &)`;
      await required("the programs did not arrive", `${busybox} sh -c ${quote(unpack)}`, {
        input: archive,
        limit: longLimit,
        signal,
      });
      const { path, bytes } = files.initramfs;
      const write = `cat > ${directory}/initramfs && [ $(wc -c < ${directory}/initramfs) = ${bytes} ]`;
      await required("the initramfs did not arrive whole", `${busybox} sh -c ${quote(write)}`, {
        input: { file: path },
        limit: longLimit,
        signal,
      });
    },
    run,
    undo: async () => {
      if (begun) {
        const limit = 20;
        const command = `PATH=$PATH:/usr/sbin:/sbin; ${removeCommand(directory)}`;
        await host
          .run(`${root}sh -c ${quote(command)}`, { limit, signal: AbortSignal.timeout(limit * 1000) })
          .catch(() => undefined);
      }
    },
  };
}

/** An IPv4 client of a host that listens on IPv6 only is shown as ::ffff:192.0.2.7. */
function endpointOf(agents: AgentsReach, probe: HostProbe): string {
  if ("endpoint" in agents) {
    return agents.endpoint;
  }
  const host = probe.client.replace(/^::ffff:/u, "");
  if (isIP(host) === 0 || host.includes("%")) {
    throw new TakeoverError(
      "unsuitable",
      "the host does not say from which address it was reached: say where the agent API is (`farrier shepherd --help` has --agents)",
    );
  }
  return formatHostPort({ host, port: agents.port });
}

/** The agent writes on the consoles that the host's kernel writes on. */
function commandLine(kernelArguments: string, hosts: string): string {
  const consoles = hosts.split(/\s+/u).filter((word) => /^console=[A-Za-z0-9,]{1,40}$/u.test(word));
  const own = kernelArguments.split(/\s+/u).filter((word) => word !== "");
  return [...new Set([...consoles, ...own])].join(" ");
}
