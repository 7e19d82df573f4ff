// The data that cloud-init looks for on the first boot (its datasource "NoCloud").
import type { ImageInstallation } from "../../../../gen/farrier/agent/v1/image_pb.ts";
import type { FatFile } from "./fat.ts";

/** The partition with the seed, and its file system's label: cloud-init looks for it in either case. */
export const seedLabel = "CIDATA";
/** Room for three files of 256 KiB each, the most that a request may have. */
export const seedBytes = 8 << 20;

/**
 * The seed's files; none when the request has no cloud-init data. There is always an instance id, for cloud-init does
 * nothing without one: machine and generation, unless the request's meta data has one. So each installation is a new
 * instance to cloud-init, and a power cycle is none.
 */
export function seedFiles(
  image: Pick<ImageInstallation, "userData" | "metaData" | "networkConfig">,
  instance: { machineId: string; generation: bigint },
): FatFile[] {
  const { userData, metaData, networkConfig } = image;
  if (userData.length === 0 && metaData.length === 0 && networkConfig.length === 0) {
    return [];
  }
  const id = `${instance.machineId}-${instance.generation}`;
  return [
    // NoCloud wants this file too, also when there is nothing in it.
    { name: "user-data", data: userData.length === 0 ? Buffer.from("#cloud-config\n{}\n") : userData },
    { name: "meta-data", data: withInstanceId(Buffer.from(metaData), id) },
    ...(networkConfig.length === 0 ? [] : [{ name: "network-config", data: networkConfig }]),
  ];
}

/** Meta data is YAML; JSON, which is YAML too, begins with a brace. */
function withInstanceId(metaData: Buffer, id: string): Buffer {
  const text = metaData.toString("utf8");
  if (/^["']?instance-id["']?\s*:/mu.test(text) || /^\s*\{.*"instance-id"\s*:/su.test(text)) {
    return metaData;
  }
  const brace = /^\s*\{(?<end>\s*\})?/u.exec(text);
  if (brace === null) {
    // A document's first line must stay the first.
    return Buffer.from(text.replace(/^(?:---[^\n]*\n)?/u, (start) => `${start}instance-id: ${id}\n`));
  }
  const rest = text.slice(brace[0].length);
  return Buffer.from(
    brace.groups?.["end"] === undefined ? `{"instance-id": "${id}",${rest}` : `{"instance-id": "${id}"}${rest}`,
  );
}
