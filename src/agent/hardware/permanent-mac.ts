import type { RunTool } from "./tool.ts";
import type { Tree } from "./tree.ts";

// NET_ADDR_PERM (linux/netdevice.h): the address is the port's own; other values mean random, another port's, or set by
// software.
const permanent = 0;

/**
 * Permanent addresses of ports as text, by the kernel's name, for ports in a bond (which gives all its ports one
 * address) and ports whose address was changed, for example by a team. Ports that use their own address are not
 * included.
 */
export async function permanentMacs(
  tree: Tree,
  names: readonly string[],
  run: RunTool | undefined,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const changed: string[] = [];
  for (const name of names) {
    const inBond = await tree.text(`sys/class/net/${name}/bonding_slave/perm_hwaddr`);
    if (inBond !== "") {
      found.set(name, inBond);
    } else if (((await tree.integer(`sys/class/net/${name}/addr_assign_type`)) ?? permanent) !== permanent) {
      changed.push(name);
    }
  }
  if (changed.length === 0 || run === undefined) {
    return found;
  }
  // The kernel reports these over netlink only (IFLA_PERM_ADDRESS).
  const outcome = await run("ip", ["-json", "link", "show"]);
  const told = outcome.kind === "ran" ? toldAddresses(outcome.output.toString("utf8")) : new Map<string, string>();
  for (const name of changed) {
    const address = told.get(name);
    if (address !== undefined) {
      found.set(name, address);
    }
  }
  return found;
}

/**
 * Parses `ip -json link show` (iproute2 5.6 or later): "permaddr" is present if it differs from the address in use.
 * Pure.
 */
export function toldAddresses(output: string): Map<string, string> {
  let links: unknown;
  try {
    links = JSON.parse(output);
  } catch {
    // busybox's `ip`, or an old one: the addresses in use are kept.
    return new Map();
  }
  return new Map(
    (Array.isArray(links) ? links : []).flatMap((link: unknown): [string, string][] => {
      if (typeof link !== "object" || link === null || !("ifname" in link) || !("permaddr" in link)) {
        return [];
      }
      return typeof link.ifname === "string" && typeof link.permaddr === "string" ? [[link.ifname, link.permaddr]] : [];
    }),
  );
}
