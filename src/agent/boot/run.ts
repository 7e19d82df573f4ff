import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { AgentInitSchema } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import { errorCode } from "../../lib/errors.ts";
import { enrollmentConnect } from "../calls/control-plane.ts";
import { equalDiskWarnings } from "../install/fit/equal-disks.ts";
import { machineDisks } from "../disk/disks.ts";
import { hardwareReport } from "../hardware/report.ts";
import { hardwareTree } from "../hardware/tree.ts";
import { agentInitRead, initFileWrite } from "../calls/init-file.ts";
import type { AgentOptions } from "../run.ts";
import { runAgent } from "../run.ts";
import { systemClock } from "../../lib/clock.ts";
import { alive } from "./alive.ts";
import { bootConfigurationRead } from "./configuration.ts";
import { enroll } from "./enroll.ts";
import { bootKey } from "./key.ts";
import { tokenAsk } from "./token-ask.ts";

/** Options of the agent in a boot image. */
export interface BootOptions extends Omit<
  AgentOptions,
  "init" | "hardware" | "resultFile" | "runDirectory" | "canEnrol"
> {
  /** Replaces "/" in tests. */
  root?: string | undefined;
}

/**
 * Runs the agent of a machine that booted into the boot image, until `signal` is aborted. Its init comes from the first
 * of these: what an earlier agent of this boot saved; /etc/farrier/agent-init.json, if the boot brought it; the control
 * plane's answer to the enrolment of a new key.
 * @throws {AgentError} `init_invalid` if what the boot brought is not valid
 */
export async function runBoot(options: BootOptions): Promise<void> {
  const { root = "/", signal, log, clock = systemClock } = options;
  const ended = new AbortController();
  const counting = alive(join(root, "run/farrier/alive"), clock, AbortSignal.any([signal, ended.signal]));
  try {
    const files = { resultFile: join(root, "run/farrier/installed"), runDirectory: join(root, "run/farrier/runs") };
    let known = await initOf(options, root);
    while ((await runAgent({ ...options, ...known, ...files })) === "refused") {
      log.warn("its machine may be gone: this agent makes itself known anew");
      // A restarted agent must not use it again.
      await rm(keptInit(root), { force: true });
      known = await enrolAndKeep(options, root, "again");
    }
  } catch (error) {
    if (!signal.aborted) {
      throw error;
    }
    log.info("agent stopping");
  } finally {
    ended.abort();
    await counting;
  }
}

/** What the agent needs to start; with the hardware report if enrolment already made one. */
type Known = Pick<AgentOptions, "init" | "hardware" | "canEnrol">;

const keptInit = (root: string): string => join(root, "run/farrier/agent-init.json");

async function initOf(options: BootOptions, root: string): Promise<Known> {
  const kept = keptInit(root);
  for (const path of [kept, join(root, "etc/farrier/agent-init.json")]) {
    if ((await textRead(path)) !== undefined) {
      return { init: await agentInitRead(path), canEnrol: path === kept };
    }
  }
  return enrolAndKeep(options, root, "first");
}

async function enrolAndKeep(options: BootOptions, root: string, time: "first" | "again"): Promise<Known> {
  const known = await initByEnrollment(options, root, time);
  await initFileWrite(keptInit(root), known.init);
  return { ...known, canEnrol: true };
}

async function initByEnrollment(options: BootOptions, root: string, time: "first" | "again"): Promise<Known> {
  const { log, clock = systemClock, random = Math.random, signal } = options;
  const commandLine = (await textRead(join(root, "proc/cmdline"))) ?? "";
  const configuration = bootConfigurationRead(await textRead(join(root, "etc/farrier/boot.json")), commandLine);
  const { endpoint, caCertificate, netboot, networkConfig } = configuration;
  // By then the token that came with the boot has been used.
  const token = time === "first" ? configuration.token : undefined;
  const privateKey = Uint8Array.from(await bootKey(join(root, "run/farrier/agent.key")));
  const smbiosUuid = (await hardwareTree(root).text("sys/class/dmi/id/product_uuid")).toLowerCase();
  const hardware = await hardwareReport({ root, warnings: () => equalDiskWarnings(machineDisks(root), clock) });
  log.info({ endpoint, netboot, token: token === undefined ? "none" : "given", smbiosUuid }, "enrolling");
  using enrollment = enrollmentConnect({ endpoint, caCertificate, privateKey });
  const machineId = await enroll({
    enrollment,
    smbiosUuid,
    hardware,
    token,
    // The boot image's network.sh reads it.
    reached: () => writeFile(join(root, "run/farrier/reached"), ""),
    askToken: netboot === undefined ? undefined : (machine, until) => tokenAsk(netboot, machine, until),
    clock,
    random,
    log,
    signal,
  });
  const init = create(AgentInitSchema, {
    takeoverInit: { machineId, bmaasEndpoint: endpoint, caCertificate: Uint8Array.from(caCertificate) },
    privateKey,
    ...(networkConfig === undefined ? {} : { networkConfig: Uint8Array.from(Buffer.from(networkConfig)) }),
  });
  return { init, hardware };
}

async function textRead(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}
