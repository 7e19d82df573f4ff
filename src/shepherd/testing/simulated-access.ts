import type { Clock } from "../../lib/clock.ts";
import { redfishController, type RedfishLimits } from "../../controllers/redfish/redfish-controller.ts";
import { quickClock } from "../../controllers/testing/quick-clock.ts";
import type { ControllerAccess } from "../controllers.ts";
import { fakeFingerprint } from "./fake-controller.ts";

/** Access to simulated controllers, in clear text. Its pauses take no time. */
export function simulatedAccess(
  options: { clock?: Clock; limits?: Partial<RedfishLimits>; password?: () => string } = {},
): ControllerAccess {
  const { clock = quickClock(), limits = {}, password = () => "simulated" } = options;
  return {
    open: async ({ url, system }) =>
      redfishController(
        { url, trust: { by: "clear-text" }, ...(system === "" ? {} : { system }) },
        { userName: "admin", password: password(), mayReach: () => true },
        { clock, limits },
      ),
    certificateRead: async () => ({ sha256: fakeFingerprint, subject: "CN=fake", validTo: new Date(0) }),
  };
}
