import { type JsonObject, linkAt, objectOf, textOf, textsOf, valueAt } from "../json.ts";
import type { Resource } from "../service.ts";
import type { RedfishSystem } from "../system.ts";

/** A boot override as the controller shows it. */
export interface BootState {
  /** The resource to change: the system, or its settings object (row 13). */
  link: string;
  enabled: string | undefined;
  target: string | undefined;
  /** UEFI or Legacy; undefined = the controller has no boot modes (row 10). */
  mode: string | undefined;
  /** Whether it has a place for the URL of an HTTP boot (row 16), and that URL. */
  takesUrl: boolean;
  url: string | undefined;
  /** The allowed targets; undefined = the controller does not list them. */
  targets: readonly string[] | undefined;
  /** The allowed values of `Enabled`; undefined = the controller does not list them. */
  enabledValues: readonly string[] | undefined;
  system: JsonObject;
}

/** Reads the override from the resource that changes it; undefined = the controller has no boot override. */
export async function bootRead(system: RedfishSystem, signal: AbortSignal): Promise<BootState | undefined> {
  const own = await system.read(signal);
  const settings = await system.service.find(linkAt(own.body, "@Redfish.Settings", "SettingsObject"), signal);
  const place = [settings, own].find((resource) => resource !== undefined && hasOverride(resource));
  if (place === undefined) {
    return undefined;
  }
  // Some controllers list the allowed values in the settings object, others in the system.
  const boots = [place, own].map(({ body }) => objectOf(body["Boot"]));
  const first = (name: string): readonly string[] | undefined =>
    boots.map((boot) => textsOf(boot[name])).find((values) => values.length > 0);
  const boot = objectOf(place.body["Boot"]);
  return {
    link: place.link,
    enabled: textOf(boot["BootSourceOverrideEnabled"]),
    target: textOf(boot["BootSourceOverrideTarget"]),
    mode: textOf(boot["BootSourceOverrideMode"]),
    takesUrl: "HttpBootUri" in boot,
    url: textOf(boot["HttpBootUri"]),
    targets: first("BootSourceOverrideTarget@Redfish.AllowableValues"),
    enabledValues: first("BootSourceOverrideEnabled@Redfish.AllowableValues"),
    system: own.body,
  };
}

function hasOverride({ body }: Resource): boolean {
  return valueAt(body, "Boot", "BootSourceOverrideTarget") !== undefined;
}
