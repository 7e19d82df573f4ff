import { defined } from "../../lib/defined.ts";
import { macParse, macTellsApart } from "../../lib/net/mac.ts";
import { bootTargets, type ControllerFacts, powerCommands } from "../controller.ts";
import { targetOf } from "./boot/boot-plan.ts";
import { plainRules } from "./rules/maker-rules.ts";
import { factShown, factText } from "../fact-text.ts";
import { bootRead } from "./boot/boot-resource.ts";
import { type JsonObject, linkAt, linksAt, objectOf, textOf } from "./json.ts";
import { mediaSlots } from "./media/slots.ts";
import { powerCommandsOf } from "./power/power-plan.ts";
import { powerStateOf } from "./power/power-state.ts";
import { accountMayControl } from "./account.ts";
import type { Resource } from "./service.ts";
import { type RedfishSystem, systemId } from "./system.ts";

/** Maximum number of serial numbers. */
const serialsMost = 8;
/** Maximum number of network interfaces that are read. */
const interfacesMost = 32;

/** Reads what the controller reports about itself and its machine. @throws {ControllerError} */
export async function factsRead(system: RedfishSystem, signal: AbortSignal): Promise<ControllerFacts> {
  const { service, rules } = system;
  const own = await system.read(signal);
  const manager = await managerOf(system, own, signal);
  const boot = await bootRead(system, signal);
  const maker = textOf(own.body["Manufacturer"]) ?? (rules.maker === plainRules.maker ? undefined : rules.maker);
  const shown = (text: string | undefined): string | undefined => factShown(text, service.session.clean);
  return {
    ...defined({
      maker: shown(maker),
      model: shown(textOf(own.body["Model"])),
      firmware: shown(textOf(manager?.body["FirmwareVersion"])),
      smbiosUuid: uuidOf(own.body),
    }),
    system: systemId(own),
    serials: serialsOf(own.body, rules),
    macs: await macsRead(system, own, signal),
    power: powerStateOf(own.body),
    powerCommands: powerCommandsOf(await system.resetTypes(signal), powerCommands),
    bootTargets: boot === undefined ? [] : bootTargets.filter((target) => targetOf(target, boot, rules) !== undefined),
    virtualMedia:
      (await mediaSlots(service, [own, ...(manager === undefined ? [] : [manager])], rules, signal)).length > 0,
    httpBoot: boot?.takesUrl === true && targetOf("http", boot, rules) !== undefined,
    rules: rules.names,
    mayControl: await accountMayControl(service, signal),
  };
}

/** The system's manager. Huawei uses another link for it (row 2), and a single manager needs no link. */
export async function managerOf(
  system: RedfishSystem,
  own: Resource,
  signal: AbortSignal,
): Promise<Resource | undefined> {
  const { service } = system;
  const [linked] = [...linksAt(own.body, "Links", "ManagedBy"), ...linksAt(own.body, "Links", "Managers")];
  if (linked !== undefined) {
    return service.find(linked, signal);
  }
  const collection = linkAt((await service.root(signal)).body, "Managers");
  const all = collection === undefined ? [] : await service.members(collection, signal, 2);
  return all.length === 1 ? service.find(all[0], signal) : undefined;
}

/**
 * A system's serial numbers. Dell puts the SMBIOS serial number into SKU (row 52); other makers put the product number
 * there. Pure.
 */
export function serialsOf(system: JsonObject, { serialInSku }: { serialInSku: boolean }): readonly string[] {
  const texts = [system["SerialNumber"], ...(serialInSku ? [system["SKU"]] : [])];
  const usable = texts
    .flatMap((value) => textOf(value) ?? [])
    .filter((text) => !/^(?:none|n\/a|unknown|0+|to be filled.*)$/iu.test(text));
  return [...new Set(usable.map(factText))].slice(0, serialsMost);
}

function uuidOf(system: JsonObject): string | undefined {
  const text = textOf(system["UUID"])?.toLowerCase();
  return text !== undefined && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u.test(text) ? text : undefined;
}

async function macsRead(system: RedfishSystem, own: Resource, signal: AbortSignal): Promise<readonly string[]> {
  const { service } = system;
  const collection = linkAt(own.body, "EthernetInterfaces");
  const links = collection === undefined ? [] : await membersOrNone(system, collection, signal);
  const macs: string[] = [];
  for (const link of links) {
    const port = objectOf((await service.find(link, signal))?.body);
    macs.push(...[port["PermanentMACAddress"], port["MACAddress"]].flatMap((mac) => macParse(textOf(mac) ?? "") ?? []));
  }
  return [...new Set(macs.filter(macTellsApart))];
}

async function membersOrNone(system: RedfishSystem, link: string, signal: AbortSignal): Promise<readonly string[]> {
  const there = await system.service.find(link, signal);
  return there === undefined ? [] : system.service.members(link, signal, interfacesMost);
}
