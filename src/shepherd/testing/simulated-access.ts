import type { Clock } from "../../lib/clock.ts";
import { certificateRead } from "../../controllers/certificate-read.ts";
import { redfishController, type RedfishLimits } from "../../controllers/redfish/redfish-controller.ts";
import { quickClock } from "../../controllers/testing/quick-clock.ts";
import type { ControllerAccess } from "../controllers.ts";

/** Access to simulated controllers. The client's pauses take no time. */
export function simulatedAccess(
  options: { clock?: Clock; limits?: Partial<RedfishLimits>; password?: string } = {},
): ControllerAccess {
  const { clock = quickClock(), limits = {}, password = "simulated" } = options;
  const openWith: ControllerAccess["openWith"] = async ({ url, system, trust }, own) =>
    redfishController(
      { url, trust, ...(system === "" ? {} : { system }) },
      { userName: "admin", password: own, mayReach: () => true },
      { clock, limits },
    );
  return {
    open: (reach) => openWith(reach, password),
    openWith,
    certificateRead: async (url) => {
      const { sha256, subject, notAfter } = await certificateRead(url);
      return { sha256, subject, validTo: notAfter };
    },
  };
}
