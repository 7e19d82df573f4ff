import { create } from "@bufbuild/protobuf";
import type { CPU } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { CPU_X86_64Schema, CPUSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { cleanText } from "../errors.ts";
import type { Tree } from "./tree.ts";
import { int32, textLimit } from "./tree.ts";

const packageLimit = 256;

/** The machine's processors (sockets), from /proc/cpuinfo, and from the kernel's topology if that names no sockets. */
export async function cpus(tree: Tree): Promise<CPU[]> {
  const found = threads((await tree.lines("proc/cpuinfo")) ?? []);
  // On arm64 and other architectures /proc/cpuinfo names neither sockets nor cores.
  if (!found.some((thread) => thread.has("physical id"))) {
    for (const thread of found) {
      await addTopology(tree, thread);
    }
  }
  const packages = gathered(found);
  if (packages.length === 0) {
    tree.warn("/proc/cpuinfo names no processor");
  }
  if (packages.length > packageLimit) {
    tree.warn(`${packages.length - packageLimit} processors beyond the first ${packageLimit} are left out`);
  }
  return packages.slice(0, packageLimit);
}

/** One entry per socket: the file lists single threads, which are grouped by "physical id". */
export function cpuinfoPackages(lines: readonly string[]): CPU[] {
  return gathered(threads(lines));
}

/** Adds a thread's place from the kernel's topology, under the names of x86's cpuinfo. */
async function addTopology(tree: Tree, thread: Map<string, string>): Promise<void> {
  const number = thread.get("processor") ?? "";
  if (!/^\d{1,6}$/u.test(number)) {
    return;
  }
  const folder = `sys/devices/system/cpu/cpu${number}/topology`;
  const socket = await tree.integer(`${folder}/physical_package_id`);
  // -1 means that the firmware does not report it.
  if (socket !== undefined && socket >= 0) {
    thread.set("physical id", String(socket));
  }
  // All threads of one core have the same list; core numbers may start again in each cluster.
  const core =
    (await tree.text(`${folder}/core_cpus_list`)) ||
    (await tree.text(`${folder}/thread_siblings_list`)) ||
    (await tree.text(`${folder}/core_id`));
  if (core !== "" && !thread.has("core id")) {
    thread.set("core id", core);
  }
}

function gathered(found: readonly Map<string, string>[]): CPU[] {
  const packages = new Map<string, Map<string, string>[]>();
  for (const thread of found) {
    // Virtual machines may show no sockets: then there is one.
    const id = thread.get("physical id") ?? "";
    const members = packages.get(id);
    if (members === undefined) {
      packages.set(id, [thread]);
    } else {
      members.push(thread);
    }
  }
  return [...packages.values()].map((members) => cpuOf(members));
}

function threads(lines: readonly string[]): Map<string, string>[] {
  const all: Map<string, string>[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    const key = line.slice(0, colon).trim();
    if (colon > 0 && key === "processor") {
      all.push(new Map());
    }
    // Lines after the last thread on some architectures ("Hardware", "Revision") do no harm in its map.
    if (colon > 0) {
      all.at(-1)?.set(key, line.slice(colon + 1).trim());
    }
  }
  return all;
}

function cpuOf(members: Map<string, string>[]): CPU {
  const first = members[0] ?? new Map<string, string>();
  const number = (key: string): number | undefined => {
    const text = first.get(key) ?? "";
    return /^\d{1,10}$/u.test(text) ? Number(text) : undefined;
  };
  const coreIds = new Set(members.map((thread) => thread.get("core id")).filter((id) => id !== undefined));
  const [family, model, stepping] = [number("cpu family"), number("model"), number("stepping")];
  const x86 = family !== undefined && model !== undefined;
  const architecture = x86
    ? {
        case: "x8664" as const,
        value: create(CPU_X86_64Schema, { family: int32(family), model: int32(model), stepping: int32(stepping) }),
      }
    : { case: undefined };
  return create(CPUSchema, {
    architecture,
    cores: int32(number("cpu cores")) || coreIds.size || members.length,
    hardwareThreads: members.length,
    // ARM names the implementer by its number.
    vendor: cleanText(first.get("vendor_id") ?? first.get("CPU implementer") ?? "", textLimit),
    model: cleanText(first.get("model name") ?? first.get("CPU part") ?? "", textLimit),
    microcode: cleanText(first.get("microcode") ?? "", textLimit),
  });
}
