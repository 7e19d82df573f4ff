import { hasDrives, healthTree, partsHealth } from "./health-tree.ts";
import { slotBody } from "./media.ts";
import { sessionsPath } from "./login.ts";
import type { SimulatedState } from "./state.ts";
import { treePaths } from "./tree-paths.ts";
import { defined } from "../../lib/defined.ts";

/** The predefined roles and their privileges (DSP0266, 13.2.9). */
const privileges = {
  Administrator: ["Login", "ConfigureManager", "ConfigureUsers", "ConfigureSelf", "ConfigureComponents"],
  Operator: ["Login", "ConfigureSelf", "ConfigureComponents"],
  ReadOnly: ["Login", "ConfigureSelf"],
} as const;

/** Resources by path, without a trailing slash. */
export type ResourceTree = ReadonlyMap<string, Record<string, unknown>>;

/** All resources in their current state. @param power the machine's power as the controller shows it */
export function resourceTree(state: SimulatedState, power: string): ResourceTree {
  const { shape } = state;
  const paths = treePaths(state);
  const slash = shape.trailingSlash ? "/" : "";
  const ref = (path: string): { "@odata.id": string } => ({ "@odata.id": `${path}${slash}` });
  const tree = new Map<string, Record<string, unknown>>();
  const put = (path: string, type: string, body: Record<string, unknown>): void => {
    const id = path.slice(path.lastIndexOf("/") + 1);
    tree.set(path, { "@odata.id": `${path}${slash}`, "@odata.type": `#${type}`, Id: id, Name: id, ...body });
  };
  const collection = (path: string, type: string, members: readonly string[]): void =>
    put(path, `${type}Collection.${type}Collection`, {
      "Members@odata.count": members.length,
      Members: members.map(ref),
    });
  const settings =
    paths.settings ?? (shape.bootOrder === undefined ? undefined : `${paths.system}/${shape.bootOrder.under}`);
  const oem = Object.fromEntries(shape.oem.map((name) => [name, {}]));

  put("/redfish/v1", "ServiceRoot.v1_11_0.ServiceRoot", {
    RedfishVersion: "1.11.0",
    ...(shape.vendor === "" ? {} : { Vendor: shape.vendor }),
    ...(shape.oem.length === 0 ? {} : { Oem: oem }),
    Systems: ref("/redfish/v1/Systems"),
    Managers: ref("/redfish/v1/Managers"),
    Chassis: ref("/redfish/v1/Chassis"),
    AccountService: ref("/redfish/v1/AccountService"),
    SessionService: ref("/redfish/v1/SessionService"),
    Tasks: ref("/redfish/v1/TaskService"),
    Links: { Sessions: ref("/redfish/v1/SessionService/Sessions") },
  });
  put("/redfish/v1/AccountService", "AccountService.v1_10_0.AccountService", {
    MinPasswordLength: state.passwordLength.min,
    MaxPasswordLength: state.passwordLength.max,
    Accounts: ref("/redfish/v1/AccountService/Accounts"),
    Roles: ref("/redfish/v1/AccountService/Roles"),
  });
  collection("/redfish/v1/AccountService/Accounts", "ManagerAccount", [paths.account]);
  const role = state.readOnly ? "ReadOnly" : "Administrator";
  put(paths.account, "ManagerAccount.v1_8_0.ManagerAccount", {
    UserName: state.userName,
    Password: null,
    RoleId: role,
    PasswordChangeRequired: state.passwordChange,
    Links: { Role: ref(`/redfish/v1/AccountService/Roles/${role}`) },
  });
  const roles = "/redfish/v1/AccountService/Roles";
  collection(
    roles,
    "Role",
    Object.keys(privileges).map((name) => `${roles}/${name}`),
  );
  for (const [name, assigned] of Object.entries(privileges)) {
    put(`${roles}/${name}`, "Role.v1_3_0.Role", { RoleId: name, IsPredefined: true, AssignedPrivileges: assigned });
  }
  put("/redfish/v1/SessionService", "SessionService.v1_1_8.SessionService", { Sessions: ref(sessionsPath) });

  collection("/redfish/v1/Systems", "ComputerSystem", [
    ...shape.otherSystems.map((id) => `/redfish/v1/Systems/${id}`),
    paths.system,
  ]);
  for (const id of shape.otherSystems) {
    put(`/redfish/v1/Systems/${id}`, "ComputerSystem.v1_13_0.ComputerSystem", { Name: "Capabilities" });
  }
  put(paths.system, "ComputerSystem.v1_13_0.ComputerSystem", {
    ...systemBody(state, power),
    EthernetInterfaces: ref(`${paths.system}/EthernetInterfaces`),
    Memory: ref(`${paths.system}/Memory`),
    Processors: ref(`${paths.system}/Processors`),
    ...(hasDrives(state) ? { Storage: ref(`${paths.system}/Storage`) } : {}),
    LogServices: ref(`${paths.system}/LogServices`),
    ...(shape.media?.under === "system" ? { VirtualMedia: ref(`${paths.system}/VirtualMedia`) } : {}),
    ...(settings === undefined ? {} : { "@Redfish.Settings": { SettingsObject: ref(settings) } }),
    Links: {
      Chassis: [ref(paths.chassis)],
      ...(shape.managerLink === undefined ? {} : { [shape.managerLink]: [ref(paths.manager)] }),
    },
  });
  if (shape.bootOrder !== undefined) {
    const options = Object.entries(shape.bootOrder.options);
    const under = `${paths.system}/BootOptions`;
    collection(
      under,
      "BootOption",
      options.map(([reference]) => `${under}/${reference}`),
    );
    for (const [reference, name] of options) {
      put(`${under}/${reference}`, "BootOption.v1_0_4.BootOption", {
        BootOptionReference: reference,
        DisplayName: name,
      });
    }
    put(`${paths.system}/${shape.bootOrder.under}`, "ComputerSystem.v1_13_0.ComputerSystem", {
      Boot: { BootOrder: state.bootOrder },
    });
  }
  if (paths.settings !== undefined) {
    put(paths.settings, "ComputerSystem.v1_13_0.ComputerSystem", { Boot: bootResource(state) });
  }
  put(`${paths.system}/ResetActionInfo`, "ActionInfo.v1_1_2.ActionInfo", {
    Parameters: [{ Name: "ResetType", Required: true, DataType: "String", AllowableValues: shape.resetTypes }],
  });
  const ports = state.machine.macs.map((mac, index) => ({
    path: `${paths.system}/EthernetInterfaces/${index + 1}`,
    mac,
  }));
  collection(
    `${paths.system}/EthernetInterfaces`,
    "EthernetInterface",
    ports.map(({ path }) => path),
  );
  for (const { path, mac } of ports) {
    put(path, "EthernetInterface.v1_6_0.EthernetInterface", {
      MACAddress: mac.toUpperCase(),
      PermanentMACAddress: mac,
      Status: { State: "Enabled", Health: "OK" },
    });
  }

  collection("/redfish/v1/Managers", "Manager", [paths.manager]);
  put(paths.manager, "Manager.v1_10_0.Manager", {
    FirmwareVersion: shape.firmware,
    ManagerType: "BMC",
    ...(shape.media?.under === "manager" ? { VirtualMedia: ref(`${paths.manager}/VirtualMedia`) } : {}),
  });
  if (shape.media !== undefined) {
    const under = `${shape.media.under === "system" ? paths.system : paths.manager}/VirtualMedia`;
    collection(
      under,
      "VirtualMedia",
      shape.media.slots.map((slot) => `${under}/${slot}`),
    );
    for (const slot of shape.media.slots) {
      put(`${under}/${slot}`, "VirtualMedia.v1_4_0.VirtualMedia", slotBody(state, `${under}/${slot}`));
    }
  }
  for (const [path, body] of healthTree(state, paths, ref)) {
    tree.set(path, { "@odata.id": `${path}${slash}`, Id: path.slice(path.lastIndexOf("/") + 1), ...body });
  }
  return tree;
}

function systemBody(state: SimulatedState, power: string): Record<string, unknown> {
  const { shape, machine } = state;
  const worst = state.parts.some(({ health }) => health === "Critical") ? "Critical" : undefined;
  const health = worst ?? (state.parts.some((part) => part.health === "Warning") ? "Warning" : "OK");
  const target = treePaths(state).reset;
  return {
    Name: "System",
    Manufacturer: shape.manufacturer,
    Model: shape.model,
    UUID: machine.uuid,
    SerialNumber: shape.serialInSku ? `BOARD-${machine.serial}` : machine.serial,
    SKU: shape.serialInSku ? machine.serial : "SIM-KIND-1",
    PowerState: power,
    LastResetTime: state.lastReset.toISOString(),
    Status: { State: "Enabled", Health: health, HealthRollup: health },
    MemorySummary: { Status: { HealthRollup: partsHealth(state, "memory") } },
    ProcessorSummary: { Status: { HealthRollup: partsHealth(state, "processor") } },
    ...(shape.settings === undefined ? { Boot: bootResource(state) } : { Boot: { BootOrder: ["Boot0001"] } }),
    ...(shape.light === "indicator" ? { IndicatorLED: state.lit ? "Blinking" : "Off" } : {}),
    ...(shape.light === "location" ? { LocationIndicatorActive: state.lit } : {}),
    ...(shape.maker === "hpe" ? { Oem: { Hpe: { PostState: state.postState } } } : {}),
    Actions: {
      "#ComputerSystem.Reset": {
        target,
        ...(shape.allowed === "inline" ? { "ResetType@Redfish.AllowableValues": shape.resetTypes } : {}),
        ...(shape.allowed === "action-info"
          ? { "@Redfish.ActionInfo": `${treePaths(state).system}/ResetActionInfo` }
          : {}),
      },
    },
  };
}

function bootResource({ shape, boot, bootOrder }: SimulatedState): Record<string, unknown> {
  return {
    ...(shape.bootOrder === undefined
      ? {}
      : { BootOrder: bootOrder, BootOptions: { "@odata.id": `${treePaths({ shape }).system}/BootOptions` } }),
    BootSourceOverrideEnabled: boot.enabled,
    BootSourceOverrideTarget: boot.target,
    "BootSourceOverrideTarget@Redfish.AllowableValues": shape.bootTargets,
    ...(shape.httpBoot ? { HttpBootUri: boot.url ?? null } : {}),
    ...defined({
      "BootSourceOverrideEnabled@Redfish.AllowableValues": shape.bootEnabled,
      BootSourceOverrideMode: boot.mode,
    }),
  };
}
