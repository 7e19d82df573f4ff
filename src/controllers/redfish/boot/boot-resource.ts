import { type JsonObject, linkAt, objectOf, textOf, textsOf, valueAt } from "../json.ts";
import type { Resource } from "../service.ts";
import type { RedfishSystem } from "../system.ts";

/** A boot override as it is. */
export interface BootState {
  /** Where it is changed: the system, or its object of settings (row 13). */
  link: string;
  enabled: string | undefined;
  target: string | undefined;
  /** UEFI or Legacy; undefined = the controller knows no modes (row 10). */
  mode: string | undefined;
  /** undefined = it does not say. */
  targets: readonly string[] | undefined;
  /** What `Enabled` may be; undefined = it does not say. */
  enabledValues: readonly string[] | undefined;
  system: JsonObject;
}

/** Reads the override where it is changed. undefined = the controller has none. */
export async function bootRead(system: RedfishSystem, signal: AbortSignal): Promise<BootState | undefined> {
  const own = await system.read(signal);
  const settings = await system.service.find(linkAt(own.body, "@Redfish.Settings", "SettingsObject"), signal);
  const place = [settings, own].find((resource) => resource !== undefined && hasOverride(resource));
  if (place === undefined) {
    return undefined;
  }
  // Some have the allowed values in the one, some in the other.
  const boots = [place, own].map(({ body }) => objectOf(body["Boot"]));
  const first = (name: string): readonly string[] | undefined =>
    boots.map((boot) => textsOf(boot[name])).find((values) => values.length > 0);
  const boot = objectOf(place.body["Boot"]);
  return {
    link: place.link,
    enabled: textOf(boot["BootSourceOverrideEnabled"]),
    target: textOf(boot["BootSourceOverrideTarget"]),
    mode: textOf(boot["BootSourceOverrideMode"]),
    targets: first("BootSourceOverrideTarget@Redfish.AllowableValues"),
    enabledValues: first("BootSourceOverrideEnabled@Redfish.AllowableValues"),
    system: own.body,
  };
}

function hasOverride({ body }: Resource): boolean {
  return valueAt(body, "Boot", "BootSourceOverrideTarget") !== undefined;
}
