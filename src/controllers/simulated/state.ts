import { type MachineBehind } from "./machine.ts";
import type { MakerShape } from "./shape.ts";

/** A part of the machine with a health. */
export interface SimulatedPart {
  kind: "fan" | "supply" | "memory" | "processor" | "drive";
  name: string;
  health: "OK" | "Warning" | "Critical";
}

/** An entry in the event log. */
export interface SimulatedEvent {
  at: Date;
  severity: "OK" | "Warning" | "Critical";
  text: string;
}

/** The state of a simulated controller. */
export interface SimulatedState {
  shape: MakerShape;
  machine: MachineBehind;
  boot: { enabled: string; target: string; mode: string | undefined; url?: string | undefined };
  bootOrder: readonly string[];
  lit: boolean;
  lastReset: Date;
  parts: SimulatedPart[];
  inlet: number;
  events: SimulatedEvent[];
  userName: string;
  password: string;
  /** Called after the password was changed by a client. */
  passwordChanged: (password: string) => Promise<void>;
  /** The lengths of passwords that it accepts. */
  passwordLength: { min: number; max: number };
  /** The account has read access only. */
  readOnly: boolean;
  /** The account must change its password first (row 30). */
  passwordChange: boolean;
  /** URLs of inserted media by slot; after an ejection some controllers still show the URL. */
  media: Map<string, { image: string; inserted: boolean }>;
  /** HPE's PostState, which shows the self test (row 7). */
  postState: string;
}

/** The initial state. */
export function simulatedState(shape: MakerShape, machine: MachineBehind, now: Date): SimulatedState {
  return {
    shape,
    machine,
    boot: { enabled: "Disabled", target: "None", mode: shape.bootMode },
    bootOrder: Object.keys(shape.bootOrder?.options ?? {}),
    lit: false,
    lastReset: now,
    parts: [
      { kind: "fan", name: "Fan 1", health: "OK" },
      { kind: "fan", name: "Fan 2", health: "OK" },
      { kind: "supply", name: "PSU 1", health: "OK" },
      { kind: "memory", name: "DIMM A1", health: "OK" },
      { kind: "processor", name: "CPU 1", health: "OK" },
      { kind: "drive", name: "Drive 1", health: "OK" },
    ],
    inlet: 23,
    events: [{ at: now, severity: "OK", text: "The log was cleared." }],
    userName: "admin",
    password: "simulated",
    passwordChanged: () => Promise.resolve(),
    passwordLength: { min: 8, max: 20 },
    readOnly: false,
    passwordChange: false,
    media: new Map(),
    postState: "FinishedPost",
  };
}
