import { agentMemoryMiB } from "../../contract/agent-memory.ts";
import { TakeoverError } from "./errors.ts";
import { hostOutput, hostSaid } from "./host-output.ts";
import type { HostProbe } from "./probe-read.ts";

/** What is to be carried to a host. */
export interface Carried {
  /** As `uname -m` prints it. */
  architecture: string;
  /** Bytes of everything. */
  bytes: number;
}

const mebibyte = 1024 * 1024;
/**
 * Bytes that a takeover needs beside what is carried: once on the file system in memory and once in the host's kernel, and the
 * programs that load it.
 */
const margin = 64 * mebibyte;
/**
 * What a machine with just enough memory shows of it: the kernel keeps some for itself, a crash kernel and firmware take more.
 */
const shownShare = 0.85;

/** The bytes of memory that must be available on a host. Pure. */
export function roomNeeded({ bytes }: Carried): number {
  return 2 * bytes + margin;
}

/** Why a host can't be taken over, and what to do; undefined if it can. Pure. */
export function probeProblem(probe: HostProbe, carried: Carried): TakeoverError | undefined {
  const unsuitable = (message: string): TakeoverError => new TakeoverError("unsuitable", message);
  const { memoryTotal, memoryAvailable } = probe;
  if (probe.root === "no") {
    return new TakeoverError(
      "not_root",
      `the account is not root, and can't use sudo without a password (${hostSaid(probe.sudo)}): take root, or give the account \`NOPASSWD: ALL\` in the host's sudoers`,
    );
  }
  if (probe.architecture !== carried.architecture) {
    return unsuitable(
      `the host is ${hostOutput(probe.architecture)}, the boot image ${carried.architecture}: build one for it with \`farrier boot-image build\` on such a host`,
    );
  }
  if (probe.container !== "") {
    return unsuitable(
      `the account is in a container (${hostOutput(probe.container)}), which can't start another kernel: give the address of the host itself`,
    );
  }
  if (!probe.kexec) {
    return unsuitable(
      `the host's kernel (${hostOutput(probe.kernel)}) can't start another one (it is built without kexec): boot another kernel on it, or start the agent by another means`,
    );
  }
  if (probe.kexecDisabled) {
    return unsuitable(
      "the host forbids starting another kernel (kernel.kexec_load_disabled is 1), and allows it again only after a reboot: take the setting out of its /etc/sysctl.d and reboot it",
    );
  }
  if (probe.lockdown === "integrity" || probe.lockdown === "confidentiality") {
    return unsuitable(
      `the host's kernel is locked down (${probe.lockdown}), which Secure Boot does, and starts no unsigned kernel: switch Secure Boot off, or start the agent by another means`,
    );
  }
  if (memoryTotal !== undefined && memoryTotal < agentMemoryMiB * mebibyte * shownShare) {
    return unsuitable(
      `the host has ${Math.floor(memoryTotal / mebibyte)} MiB of memory, the agent needs ${agentMemoryMiB} MiB: give it more`,
    );
  }
  const room = roomNeeded(carried);
  if (memoryAvailable !== undefined && memoryAvailable < room) {
    return unsuitable(
      `the host has ${Math.floor(memoryAvailable / mebibyte)} MiB of memory available, a takeover needs ${Math.ceil(room / mebibyte)} MiB: stop programs on it`,
    );
  }
  return probe.run ? undefined : unsuitable("the host has no directory /run, where a file system in memory is made");
}
