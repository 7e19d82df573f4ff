import type { SimulatedPart, SimulatedState } from "./state.ts";
import type { TreePaths } from "./tree-paths.ts";

type Reference = { "@odata.id": string };
type Entry = readonly [string, Record<string, unknown>];

/** The resources for temperatures, power, memory and logs, in the old or the newer form. */
export function healthTree(
  state: SimulatedState,
  paths: TreePaths,
  ref: (path: string) => Reference,
): readonly Entry[] {
  const fresh = state.shape.thermal === "new";
  return [
    ["/redfish/v1/Chassis", { Members: [ref(paths.chassis)], "Members@odata.count": 1 }],
    [
      paths.chassis,
      {
        Name: "Chassis",
        ...(fresh
          ? {
              ThermalSubsystem: ref(`${paths.chassis}/ThermalSubsystem`),
              PowerSubsystem: ref(`${paths.chassis}/PowerSubsystem`),
            }
          : { Thermal: ref(`${paths.chassis}/Thermal`), Power: ref(`${paths.chassis}/Power`) }),
        ...(state.shape.light === "chassis" ? { IndicatorLED: state.lit ? "Blinking" : "Off" } : {}),
      },
    ],
    ...(fresh ? newChassis(state, paths.chassis, ref) : oldChassis(state, paths.chassis)),
    ...group(state, "memory", `${paths.system}/Memory`, ref),
    ...group(state, "processor", `${paths.system}/Processors`, ref),
    ...storage(state, paths.system, ref),
    ...logs(state, paths.system, ref),
  ];
}

/** Whether the machine has drives, and so a storage resource. Pure. */
export function hasDrives({ parts }: Pick<SimulatedState, "parts">): boolean {
  return parts.some(({ kind }) => kind === "drive");
}

/** The health of the worst part of a kind. Pure. */
export function partsHealth({ parts }: Pick<SimulatedState, "parts">, kind: SimulatedPart["kind"]): string {
  const healths = parts.filter((part) => part.kind === kind).map(({ health }) => health);
  return ["Critical", "Warning"].find((health) => healths.some((one) => one === health)) ?? "OK";
}

function storage(state: SimulatedState, system: string, ref: (path: string) => Reference): readonly Entry[] {
  const one = `${system}/Storage/1`;
  const drives = group(state, "drive", `${one}/Drives`, ref).slice(1);
  const health = partsHealth(state, "drive");
  return hasDrives(state)
    ? [
        [`${system}/Storage`, { Members: [ref(one)], "Members@odata.count": 1 }],
        [
          one,
          {
            Name: "Storage",
            Status: { State: "Enabled", HealthRollup: health },
            Drives: drives.map(([path]) => ref(path)),
          },
        ],
        ...drives,
      ]
    : [];
}

function oldChassis(state: SimulatedState, chassis: string): readonly Entry[] {
  const list = (kind: SimulatedPart["kind"]): unknown[] =>
    state.parts
      .filter((part) => part.kind === kind)
      .map(({ name, health }) => ({ Name: name, Status: status(health) }));
  return [
    [
      `${chassis}/Thermal`,
      {
        Fans: list("fan"),
        Temperatures: [
          { Name: "CPU1 Temp", ReadingCelsius: 61, PhysicalContext: "CPU", Status: status("OK") },
          { Name: "Inlet Temp", ReadingCelsius: state.inlet, PhysicalContext: "Intake", Status: status("OK") },
        ],
      },
    ],
    [`${chassis}/Power`, { PowerSupplies: list("supply") }],
  ];
}

function newChassis(state: SimulatedState, chassis: string, ref: (path: string) => Reference): readonly Entry[] {
  const thermal = `${chassis}/ThermalSubsystem`;
  const power = `${chassis}/PowerSubsystem`;
  return [
    [thermal, { Fans: ref(`${thermal}/Fans`), ThermalMetrics: ref(`${thermal}/ThermalMetrics`) }],
    [`${thermal}/ThermalMetrics`, { TemperatureSummaryCelsius: { Intake: { Reading: state.inlet } } }],
    [power, { PowerSupplies: ref(`${power}/PowerSupplies`) }],
    ...group(state, "fan", `${thermal}/Fans`, ref),
    ...group(state, "supply", `${power}/PowerSupplies`, ref),
  ];
}

function group(
  state: SimulatedState,
  kind: SimulatedPart["kind"],
  path: string,
  ref: (path: string) => Reference,
): readonly Entry[] {
  const parts = state.parts.filter((part) => part.kind === kind);
  return [
    [path, { Members: parts.map((_, index) => ref(`${path}/${index}`)), "Members@odata.count": parts.length }],
    ...parts.map(({ name, health }, index): Entry => [`${path}/${index}`, { Name: name, Status: status(health) }]),
  ];
}

function logs(state: SimulatedState, system: string, ref: (path: string) => Reference): readonly Entry[] {
  const log = `${system}/LogServices/SEL`;
  const entries = state.events.map(({ at, severity, text }, index) => ({
    "@odata.id": `${log}/Entries/${index}`,
    Id: String(index),
    Created: at.toISOString(),
    Severity: severity,
    Message: text,
  }));
  return [
    [`${system}/LogServices`, { Members: [ref(log)], "Members@odata.count": 1 }],
    [log, { Entries: ref(`${log}/Entries`) }],
    [`${log}/Entries`, { Members: entries, "Members@odata.count": entries.length }],
  ];
}

function status(health: string): Record<string, string> {
  return { State: "Enabled", Health: health };
}
