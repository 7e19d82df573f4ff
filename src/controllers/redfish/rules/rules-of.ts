import { objectOf, textOf } from "../json.ts";
import type { Resource } from "../service.ts";
import { dellRules } from "./dell.ts";
import { hpeRules } from "./hpe.ts";
import { lenovoRules } from "./lenovo.ts";
import { type MakerIdentity, type MakerRules, plainRules } from "./maker-rules.ts";
import { supermicroRules } from "./supermicro.ts";

const all = [dellRules, hpeRules, lenovoRules, supermicroRules];

/** What the service root and the system report about their maker. Pure. */
export function makerIdentity(root: Pick<Resource, "body">, system: Pick<Resource, "body">): MakerIdentity {
  return {
    vendor: textOf(root.body["Vendor"]) ?? textOf(root.body["Product"]),
    oem: Object.keys(objectOf(root.body["Oem"])),
    manufacturer: textOf(system.body["Manufacturer"]),
    model: textOf(system.body["Model"]),
  };
}

/** The rules of the maker. Pure. */
export function rulesOf(identity: MakerIdentity): MakerRules {
  const name = identity.vendor ?? identity.manufacturer ?? plainRules.maker;
  return all.flatMap((rules) => rules(identity) ?? [])[0] ?? { ...plainRules, maker: name };
}
