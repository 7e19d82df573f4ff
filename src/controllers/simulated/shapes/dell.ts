import { type MakerShape, plainShape } from "../shape.ts";

/** The shape of an iDRAC 9. */
export const dellShape: MakerShape = {
  ...plainShape,
  maker: "dell",
  vendor: "Dell",
  oem: ["Dell"],
  manufacturer: "Dell Inc.",
  model: "PowerEdge R750",
  firmware: "6.00.30.00",
  systemId: "System.Embedded.1",
  managerId: "iDRAC.Embedded.1",
  chassisId: "System.Embedded.1",
  resetTypes: ["On", "ForceOff", "ForceRestart", "GracefulShutdown", "PushPowerButton", "Nmi", "PowerCycle"],
  bootTargets: ["None", "Pxe", "Floppy", "Cd", "Hdd", "BiosSetup", "Utilities", "UefiTarget", "SDCard", "UefiHttp"],
  httpBoot: false,
  media: { under: "manager", slots: ["CD", "RemovableDisk"], actions: true },
  serialInSku: true,
};
