import { type MakerShape, plainShape } from "../shape.ts";

/** The shape of an XCC. */
export const lenovoShape: MakerShape = {
  ...plainShape,
  maker: "lenovo",
  vendor: "Lenovo",
  oem: ["Lenovo"],
  manufacturer: "Lenovo",
  model: "ThinkSystem SR670 V2",
  firmware: "TEI3B2L-1.20",
  resetTypes: ["On", "Nmi", "GracefulShutdown", "GracefulRestart", "ForceOn", "ForceOff", "ForceRestart"],
  bootTargets: ["None", "Pxe", "Cd", "Usb", "Hdd", "BiosSetup", "Diags", "UefiTarget"],
  httpBoot: false,
  bootEnabled: ["Once", "Disabled"],
  bootOrder: { options: { Boot0002: "HardDisk", Boot0003: "Network" }, under: "Pending" },
  media: { under: "manager", slots: ["EXT1", "EXT2", "RDOC1", "Remote1"], actions: false },
};
