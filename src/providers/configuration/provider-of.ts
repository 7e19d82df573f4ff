// Providers by their settings: the one list of types. A further type is a schema in settings.ts and a case here.
import { resolve } from "node:path";
import { caCertificates } from "../../contract/ca-certificates.ts";
import { defined } from "../../lib/defined.ts";
import type { AddressGuard } from "../../lib/net/address-guard.ts";
import type { Provider } from "../../shepherd/provider.ts";
import { commandProvider } from "../command/provider.ts";
import { fileSource, type InventorySource } from "../inventory/file-source.ts";
import { type InventoryList, inventoryList, inventoryProvider } from "../inventory/provider.ts";
import { urlSource } from "../inventory/url-source.ts";
import { staticProvider } from "../static/provider.ts";
import { configuredFileRead } from "./file-read.ts";
import { ProvidersFileError } from "./providers-file-error.ts";
import { formatOf, type InventorySettings, type ProviderSettings } from "./settings.ts";

/** What making providers needs. */
export interface ProviderMaking {
  /** The folder that relative paths begin at. */
  base: string;
  /** Which addresses inventories may be fetched from now. */
  guard: () => Promise<AddressGuard>;
  /** Makes the provider of a lab's folder. */
  lab: (options: { name: string; directory: string; autostart: boolean }) => Promise<Provider>;
}

/** Milliseconds between two readings of a URL, if the settings do not say. */
const urlPace = 300_000;
/** Maximum size of a file of CAs in bytes: all that a system trusts have about 200 KiB. */
const caMost = 1024 * 1024;

/**
 * Makes a provider by its settings.
 * @throws {ProvidersFileError} if a file that they name can't be used
 */
export async function providerOf(settings: ProviderSettings, making: ProviderMaking): Promise<Provider> {
  return { ...(await ofType(settings, making)), ...defined({ mediaUrl: settings["media-url"] }) };
}

async function ofType(settings: ProviderSettings, making: ProviderMaking): Promise<Provider> {
  const { name, autostart } = settings;
  switch (settings.type) {
    case "inventory": {
      const inventory = await inventoryOf(name, settings, making);
      return inventoryProvider({ name, autostart, settings: inventory.settings }, inventory.list);
    }
    case "command": {
      const { on, off, status, limit, machines } = settings;
      const inventory = machines === undefined ? undefined : await inventoryOf(name, machines, making);
      const text = JSON.stringify([on, off, status, limit, inventory?.settings]);
      return commandProvider({ name, autostart, settings: text }, { on, off, status, limit }, inventory?.list);
    }
    case "lab":
      return making.lab({ name, autostart, directory: resolve(making.base, settings.directory) });
    case "static":
      return { ...staticProvider(name), autostart };
  }
}

/** The inventory of a provider, and its settings as one text, with the files that they name. */
async function inventoryOf(
  provider: string,
  settings: InventorySettings,
  { base, guard }: ProviderMaking,
): Promise<{ list: InventoryList; settings: string }> {
  const { file, url, every, columns = {}, controllers = {} } = settings;
  const certificates = async (path: string | undefined): Promise<string | undefined> =>
    path === undefined ? undefined : caRead(provider, resolve(base, path));
  const [ca, controllersCa] = [await certificates(settings.ca), await certificates(controllers.ca)];
  const path = file === undefined ? undefined : resolve(base, file);
  const source: InventorySource =
    path === undefined ? urlSource(url ?? "", { guard, pace: every ?? urlPace, ...defined({ ca }) }) : fileSource(path);
  const format = settings.format ?? formatOf(path ?? URL.parse(url ?? "")?.pathname ?? "") ?? "csv";
  const renamed = Object.fromEntries(
    Object.entries(columns).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const trust =
    controllersCa === undefined
      ? controllers["system-roots"] === true
        ? ({ by: "system" } as const)
        : undefined
      : ({ by: "ca", pem: controllersCa } as const);
  const defaults = defined({ credential: controllers.credential, trust, clearText: controllers["clear-text"] });
  return {
    list: inventoryList(source, { format, columns: renamed, controllers: defaults }),
    settings: JSON.stringify([path ?? url, format, every, ca, Object.entries(renamed), defaults]),
  };
}

async function caRead(provider: string, path: string): Promise<string> {
  const fail = (problem: string, cause?: unknown) =>
    new ProvidersFileError([`provider ${provider}: ca: ${problem}`], { cause });
  const file = await configuredFileRead(path, caMost);
  if ("problem" in file) {
    throw fail(`${file.problem}: expected certificates of CAs`, file.cause);
  }
  const read = caCertificates(file.bytes, new Date());
  if (read.kind === "invalid") {
    throw fail(`${path}: ${read.problem}`);
  }
  return read.pem;
}
