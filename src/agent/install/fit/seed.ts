// The data that cloud-init reads on the first boot (its datasource "NoCloud").
import type { ImageInstallation } from "../../../../gen/farrier/agent/v1/image/image_pb.ts";
import { metaDataWith, networkConfigText } from "../../../contract/cloud-init.ts";
import type { CloudInitText } from "../../../contract/cloud-init.ts";
import { AgentError } from "../../errors.ts";
import type { FatFile } from "./fat.ts";

/** The label of the seed's partition and file system: cloud-init looks for either. */
export const seedLabel = "CIDATA";
/** Room for four files of 256 KiB each, a request's maximum. */
export const seedBytes = 8 << 20;

/**
 * The seed's files; none if the request has no cloud-init data. There is always an instance id, because cloud-init
 * requires one: machine and generation, unless the request's meta data has one. So each installation is a new instance
 * for cloud-init, and a power cycle is not.
 * @throws {AgentError} `request_invalid` if meta data or network configuration are not a YAML (or JSON) mapping
 */
export function seedFiles(
  image: Pick<ImageInstallation, "userData" | "metaData" | "networkConfig" | "vendorData">,
  instance: { machineId: string; generation: bigint },
): FatFile[] {
  const { userData, metaData, networkConfig, vendorData } = image;
  if ([userData, metaData, networkConfig, vendorData].every(({ length }) => length === 0)) {
    return [];
  }
  const id = `${instance.machineId}-${instance.generation}`;
  return [
    // NoCloud requires this file even if it is empty.
    { name: "user-data", data: userData.length === 0 ? Buffer.from("#cloud-config\n{}\n") : userData },
    { name: "meta-data", data: required("meta data", metaDataWith(metaData, id)) },
    ...(networkConfig.length === 0
      ? []
      : [{ name: "network-config", data: required("network configuration", networkConfigText(networkConfig)) }]),
    ...(vendorData.length === 0 ? [] : [{ name: "vendor-data", data: vendorData }]),
  ];
}

/** @throws {AgentError} `request_invalid` */
function required(what: string, read: CloudInitText): Buffer {
  if (read.kind === "problem") {
    throw new AgentError("request_invalid", `the request's ${what} is not accepted by cloud-init: ${read.problem}`);
  }
  return Buffer.from(read.text);
}
