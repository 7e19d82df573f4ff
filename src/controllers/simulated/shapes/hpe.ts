import { type MakerShape, plainShape } from "../shape.ts";

/** The shape of an iLO 5. */
export const hpeShape: MakerShape = {
  ...plainShape,
  maker: "hpe",
  vendor: "HPE",
  oem: ["Hpe"],
  manufacturer: "HPE",
  model: "ProLiant DL385 Gen10",
  firmware: "iLO 5 v2.72",
  trailingSlash: true,
  resetTypes: ["On", "ForceOff", "GracefulShutdown", "ForceRestart", "Nmi", "PushPowerButton", "GracefulRestart"],
  bootTargets: ["None", "Cd", "Hdd", "Usb", "Utilities", "Diags", "BiosSetup", "Pxe", "UefiShell", "UefiHttp"],
  httpBoot: false,
  bootQuirks: ["no-disabled-none"],
};
