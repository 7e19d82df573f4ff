import { type BootTarget, ControllerError } from "../../controller.ts";
import { type JsonObject, linkAt, textOf, textsOf, valueAt } from "../json.ts";
import { spoken } from "../messages.ts";
import { type Patience, rounds } from "../patience.ts";
import type { Resource } from "../service.ts";
import type { RedfishSystem } from "../system.ts";
import { taskEnd } from "../task.ts";

/** Maximum number of boot options that are read. */
const optionsMost = 64;

/** Display names of a target's boot options, for options without an alias. */
const optionNames: Readonly<Record<BootTarget, RegExp>> = {
  network: /pxe|network|ipv4/iu,
  disk: /hard ?dis[ck]|hdd|ssd|nvme|raid|windows boot|debian|ubuntu|red hat|suse/iu,
  http: /https?\b/iu,
  media: /cd|dvd/iu,
  setup: /setup/iu,
};

/**
 * Puts a target first in the boot order, for controllers whose override applies to the next boot only (row 11).
 * @param name the target's name in Redfish
 * @throws {ControllerError} `unsupported` if there is no boot order, or no option for the target in it; `not_done`
 */
export async function bootOrderSet(
  system: RedfishSystem,
  target: BootTarget,
  options: { name: string; patience: Patience },
  signal: AbortSignal,
): Promise<void> {
  const { service } = system;
  const own = await system.read(signal);
  const wanted = await optionsOf(system, own, { target, name: options.name }, signal);
  const pending = await service.find(linkAt(own.body, "@Redfish.Settings", "SettingsObject"), signal);
  const place = pending !== undefined && orderOf(pending.body).length > 0 ? pending : own;
  const order = orderOf(place.body);
  if (!order.some((reference) => wanted.includes(reference))) {
    throw new ControllerError(
      "unsupported",
      `${system.name} takes a boot override for the next boot only (add --once), and has nothing in its boot order for ${target}`,
    );
  }
  const first = [...order.filter((one) => wanted.includes(one)), ...order.filter((one) => !wanted.includes(one))];
  let words: string | undefined;
  let sent = false;
  for await (const _ of rounds(service.clock, options.patience, signal)) {
    const now = orderOf((await service.get(place.link, signal)).body);
    if (now[0] === first[0]) {
      return;
    }
    if (!sent) {
      const body = { Boot: { BootOrder: first } };
      const reply = await service.change({ method: "PATCH", link: place.link, body }, signal);
      sent = true;
      words = spoken(reply.messages);
      await taskEnd(service, reply, options.patience, signal);
    }
  }
  const said = words === undefined ? "" : `; it said: ${words}`;
  throw new ControllerError("not_done", `${system.name} does not show ${target} first in its boot order${said}`);
}

function orderOf(body: JsonObject): readonly string[] {
  return textsOf(valueAt(body, "Boot", "BootOrder"));
}

/** References of a target's options, found by their alias, or else by their display name. */
async function optionsOf(
  system: RedfishSystem,
  own: Resource,
  { target, name }: { target: BootTarget; name: string },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const collection = await system.service.find(linkAt(own.body, "Boot", "BootOptions"), signal);
  const links = collection === undefined ? [] : await system.service.members(collection.link, signal, optionsMost);
  const found: { reference: string; alias: boolean }[] = [];
  for (const link of links) {
    const option = (await system.service.find(link, signal))?.body ?? {};
    const reference = textOf(option["BootOptionReference"]);
    const alias = textOf(option["Alias"]);
    const shown = textOf(option["DisplayName"]) ?? textOf(option["Name"]) ?? "";
    if (reference !== undefined && (alias === undefined ? optionNames[target].test(shown) : alias === name)) {
      found.push({ reference, alias: alias !== undefined });
    }
  }
  const aliased = found.filter(({ alias }) => alias);
  return (aliased.length > 0 ? aliased : found).map(({ reference }) => reference);
}
