import { type MakerShape, plainShape } from "../shape.ts";

/** The shape of AMI's MegaRAC on a Gigabyte board. */
export const amiShape: MakerShape = {
  ...plainShape,
  maker: "ami",
  vendor: "",
  oem: ["Ami"],
  manufacturer: "GIGABYTE",
  model: "R272-Z30-00",
  firmware: "12.61.06",
  systemId: "Self",
  managerId: "Self",
  chassisId: "Self",
  otherSystems: ["Capabilities"],
  resetTypes: ["ForceOff", "ForceOn", "ForceRestart", "GracefulShutdown", "On"],
  allowed: "action-info",
  bootTargets: ["None", "Pxe", "Floppy", "Cd", "Usb", "Hdd", "BiosSetup", "UefiShell", "UefiHttp"],
  settings: "SD",
  etags: "needed",
};
