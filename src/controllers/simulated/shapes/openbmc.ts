import { type MakerShape, plainShape } from "../shape.ts";

/** The shape of OpenBMC. */
export const openbmcShape: MakerShape = {
  ...plainShape,
  maker: "openbmc",
  vendor: "",
  oem: ["OpenBmc"],
  manufacturer: "",
  model: "Romulus",
  firmware: "2.14.0",
  systemId: "system",
  managerId: "bmc",
  chassisId: "chassis",
  resetTypes: ["ForceOff", "PowerCycle", "GracefulRestart", "On", "GracefulShutdown", "ForceRestart", "Nmi", "ForceOn"],
  allowed: "action-info",
  bootTargets: ["None", "Pxe", "Hdd", "Cd", "Diags", "BiosSetup", "Usb"],
  httpBoot: false,
  bootEnabled: ["Disabled", "Once", "Continuous"],
  media: { under: "manager", slots: ["Slot_0"], actions: false },
  light: "location",
  thermal: "new",
  etags: "none",
};
