import { cpioArchive } from "../lib/cpio.ts";

/** The configuration of an agent that starts from a boot image: the file /etc/farrier/boot.json of its initramfs. */
export interface BootConfig {
  /** The agent API, HOST:PORT. */
  endpoint: string;
  /** DER in base64; empty means the system's roots. */
  caCertificate: string;
  /** The URL of this network boot service: http://HOST:PORT; absent on a boot medium, whose agent asks for no token. */
  netboot?: string;
  token?: string;
}

/** The configuration as an archive that is loaded beside the initramfs. Pure. */
export function bootConfigArchive(config: BootConfig): Buffer {
  const data = Buffer.from(`${JSON.stringify(config)}\n`);
  return cpioArchive([{ kind: "file", path: "etc/farrier/boot.json", mode: 0o600, data }]);
}
