import { networkLines } from "../contract/network/network-lines.ts";
import { networkConfigParse } from "../contract/network/network-parse.ts";
import { cpioArchive } from "../lib/cpio.ts";

/** The file that the boot image's network.sh reads. */
const networkPath = "etc/farrier/network";

/** The configuration of an agent that starts from a boot image: the file /etc/farrier/boot.json of its initramfs. */
export interface BootConfig {
  /** The agent API, HOST:PORT. */
  endpoint: string;
  /** DER in base64; empty means the system's roots. */
  caCertificate: string;
  /** The URL of this network boot service: http://HOST:PORT; absent on a boot medium, whose agent asks for no token. */
  netboot?: string;
  token?: string;
  /** The machine's network, as netplan's YAML; absent = DHCP. */
  networkConfig?: string;
}

/**
 * The configuration as an archive that is loaded beside the initramfs. A network is in it twice: for the scripts that set it before the
 * agent starts, and for the agent. Pure.
 */
export function bootConfigArchive(config: BootConfig): Buffer {
  const data = Buffer.from(`${JSON.stringify(config)}\n`);
  const network = config.networkConfig === undefined ? undefined : networkConfigParse(config.networkConfig);
  return cpioArchive([
    { kind: "file", path: "etc/farrier/boot.json", mode: 0o600, data },
    ...(network === undefined || "problem" in network
      ? []
      : [{ kind: "file" as const, path: networkPath, mode: 0o600, data: Buffer.from(networkLines(network)) }]),
  ]);
}
