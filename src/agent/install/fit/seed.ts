// The data that cloud-init looks for on the first boot (its datasource "NoCloud").
import type { ImageInstallation } from "../../../../gen/farrier/agent/v1/image/image_pb.ts";
import { metaDataWith, networkConfigText } from "../../../contract/cloud-init.ts";
import type { CloudInitText } from "../../../contract/cloud-init.ts";
import { AgentError } from "../../errors.ts";
import type { FatFile } from "./fat.ts";

/** The partition with the seed, and its file system's label: cloud-init looks for it in either case. */
export const seedLabel = "CIDATA";
/** Room for three files of 256 KiB each, the most that a request may have. */
export const seedBytes = 8 << 20;

/**
 * The seed's files; none when the request has no cloud-init data. There is always an instance id, for cloud-init does
 * nothing without one: machine and generation, unless the request's meta data has one. So each installation is a new
 * instance to cloud-init, and a power cycle is none.
 * @throws {AgentError} `request_invalid` when meta data or network configuration are no YAML (or JSON) mapping
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
    { name: "meta-data", data: required("meta data", metaDataWith(metaData, id)) },
    ...(networkConfig.length === 0
      ? []
      : [{ name: "network-config", data: required("network configuration", networkConfigText(networkConfig)) }]),
  ];
}

/** @throws {AgentError} `request_invalid` */
function required(what: string, read: CloudInitText): Buffer {
  if (read.kind === "problem") {
    throw new AgentError("request_invalid", `the request's ${what} is not what cloud-init reads: ${read.problem}`);
  }
  return Buffer.from(read.text);
}
