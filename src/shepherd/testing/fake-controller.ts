import {
  type Controller,
  ControllerError,
  type ControllerErrorCode,
  type ControllerFacts,
  type ControllerPower,
} from "../../controllers/controller.ts";
import type { ControllerAccess } from "../controllers.ts";

/** A controller that keeps its machine in memory and records the commands that it received. */
export interface FakeController {
  facts: Partial<ControllerFacts>;
  power: ControllerPower;
  /** The commands in order, such as "power on", "boot network once" and "clear". Reads are not recorded. */
  done: string[];
  /** While set, every call fails with this code. */
  broken: ControllerErrorCode | undefined;
  /** Number of times that the controller was opened. */
  opened: number;
  /** The URL of the inserted virtual medium. */
  medium?: string | undefined;
}

/** Controllers by URL, made when they are first needed. */
export interface FakeControllers {
  access: ControllerAccess;
  at(url: string): FakeController;
}

/** The SHA-256 of the certificate that all of them show, in hex. */
export const fakeFingerprint = "ab".repeat(32);

/** Makes controllers that need no network. */
export function fakeControllers(): FakeControllers {
  const all = new Map<string, FakeController>();
  const at = (url: string): FakeController => {
    const found = all.get(url) ?? { facts: {}, power: "off", done: [], broken: undefined, opened: 0 };
    all.set(url, found);
    return found;
  };
  return {
    at,
    access: {
      open: ({ url }) => {
        const fake = at(url);
        fake.opened += 1;
        return Promise.resolve(controllerOn(fake));
      },
      certificateRead: () =>
        Promise.resolve({ sha256: fakeFingerprint, subject: "CN=fake", validTo: new Date("2030-01-01T00:00:00Z") }),
    },
  };
}

function controllerOn(fake: FakeController): Controller {
  const alive = (signal: AbortSignal): void => {
    signal.throwIfAborted();
    if (fake.broken !== undefined) {
      throw new ControllerError(fake.broken, `the fake controller is broken: ${fake.broken}`);
    }
  };
  const act = (what: string, signal: AbortSignal): void => {
    alive(signal);
    fake.done.push(what);
  };
  return {
    read: async (signal) => {
      alive(signal);
      return {
        system: "1",
        serials: [],
        macs: [],
        power: fake.power,
        powerCommands: ["on", "off", "cycle", "reset"],
        bootTargets: ["network", "disk"],
        virtualMedia: false,
        rules: [],
        mayControl: true,
        ...fake.facts,
      };
    },
    powerGet: async (signal) => {
      alive(signal);
      return fake.power;
    },
    powerSet: async (command, signal) => {
      act(`power ${command}`, signal);
      fake.power = command === "off" || command === "soft-off" ? "off" : "on";
    },
    bootSet: async (target, { once, signal }) => act(`boot ${target}${once ? " once" : ""}`, signal),
    bootClear: async (signal) => act("clear", signal),
    mediaInsert: async (url, signal) => {
      act("insert", signal);
      fake.medium = url;
    },
    mediaEject: async (whose, signal) => {
      if (fake.medium !== undefined && whose(fake.medium)) {
        act("eject", signal);
        fake.medium = undefined;
      }
    },
    identify: async (on, signal) => act(`light ${on ? "on" : "off"}`, signal),
    health: async () => ({ rollup: "ok", failed: [], events: [] }),
    passwordSet: async (_password, signal) => act("password", signal),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
