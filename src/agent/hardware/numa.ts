import { create } from "@bufbuild/protobuf";
import type { NumaNode } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { NumaNodeSchema } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { meminfoTotal } from "./memory.ts";
import type { Tree } from "./tree.ts";
import { int32 } from "./tree.ts";

const nodeLimit = 256;
const folder = "sys/devices/system/node";

/** The machine's NUMA nodes, ordered by number; none if the kernel reports none. */
export async function numaNodes(tree: Tree): Promise<NumaNode[]> {
  const numbers = ((await tree.list(folder)) ?? [])
    .map((name) => /^node(?<number>\d{1,6})$/u.exec(name)?.groups?.["number"])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .toSorted((a, b) => a - b);
  if (numbers.length > nodeLimit) {
    tree.warn(`${numbers.length - nodeLimit} NUMA nodes beyond the first ${nodeLimit} are left out`);
  }
  const nodes: NumaNode[] = [];
  for (const number of numbers.slice(0, nodeLimit)) {
    const path = `${folder}/node${number}`;
    nodes.push(
      create(NumaNodeSchema, {
        number,
        cpus: await tree.text(`${path}/cpulist`),
        memoryBytes: meminfoTotal((await tree.lines(`${path}/meminfo`)) ?? []),
        distance: distances(await tree.text(`${path}/distance`)),
      }),
    );
  }
  return nodes;
}

function distances(text: string): number[] {
  return text === ""
    ? []
    : text
        .split(" ")
        .slice(0, nodeLimit)
        .map((distance) => int32(Number(distance)));
}

/** The node that a device is near to; undefined if the firmware does not report it, which the kernel shows as -1. */
export async function deviceNumaNode(tree: Tree, device: string): Promise<number | undefined> {
  const node = await tree.integer(`${device}/numa_node`);
  return node === undefined || node < 0 || node >= 2 ** 31 ? undefined : node;
}
