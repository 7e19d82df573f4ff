import { type MakerShape, plainShape } from "../shape.ts";

/** The shape of a Supermicro X13. */
export const supermicroShape: MakerShape = {
  ...plainShape,
  maker: "supermicro",
  vendor: "Supermicro",
  oem: ["Supermicro"],
  manufacturer: "Supermicro",
  model: "SYS-821GE-TNHR",
  firmware: "01.01.08",
  resetTypes: ["On", "ForceOff", "GracefulShutdown", "GracefulRestart", "ForceRestart", "Nmi", "ForceOn"],
  allowed: "action-info",
  bootTargets: ["None", "Pxe", "Floppy", "Cd", "Usb", "Hdd", "BiosSetup", "UsbCd", "UefiBootNext", "UefiHttp"],
  bootQuirks: ["whole"],
  light: "chassis",
};
