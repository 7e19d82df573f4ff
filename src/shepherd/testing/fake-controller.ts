import {
  type Controller,
  ControllerError,
  type ControllerErrorCode,
  type ControllerFacts,
  type ControllerHealth,
  type ControllerPower,
} from "../../controllers/controller.ts";
import type { ControllerAccess } from "../controllers.ts";

/** A controller that keeps its machine in memory and records the commands that it received. */
export interface FakeController {
  facts: Partial<ControllerFacts>;
  health: Partial<ControllerHealth>;
  power: ControllerPower;
  /** The commands in order, such as "power on", "boot network once" and "clear". Reads are not recorded. */
  done: string[];
  /** While set, every call fails with this code. */
  broken: ControllerErrorCode | undefined;
  /** While set, reading its health fails with this code. */
  healthBroken: ControllerErrorCode | undefined;
  /** If set, the next "power on" is carried out, and its call fails with this code. */
  onLost?: ControllerErrorCode | undefined;
  /** If set, ending a session waits for it. */
  ending?: Promise<void>;
  /** Number of times that the controller was opened, and of calls that it answered or refused. */
  opened: number;
  /** The URL of the inserted virtual medium. */
  medium?: string | undefined;
  calls: number;
  /** The URL of an HTTP boot that is set. */
  httpBootUrl?: string | undefined;
  /** Whether it has a session: since the last call, nobody has ended it. */
  session: boolean;
  /** Whether it refuses virtual media. */
  mediumRefused?: boolean;
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
    const found = all.get(url) ?? {
      facts: {},
      health: {},
      power: "off",
      done: [],
      broken: undefined,
      healthBroken: undefined,
      opened: 0,
      calls: 0,
      session: false,
    };
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
      openWith: ({ url }) => Promise.resolve(controllerOn(at(url))),
      certificateRead: () =>
        Promise.resolve({ sha256: fakeFingerprint, subject: "CN=fake", validTo: new Date("2030-01-01T00:00:00Z") }),
    },
  };
}

function controllerOn(fake: FakeController): Controller {
  const alive = (signal: AbortSignal): void => {
    signal.throwIfAborted();
    fake.calls += 1;
    if (fake.broken !== undefined) {
      throw new ControllerError(fake.broken, `the fake controller is broken: ${fake.broken}`);
    }
    fake.session = true;
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
        httpBoot: false,
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
      const { onLost } = fake;
      if (command === "on" && onLost !== undefined) {
        fake.onLost = undefined;
        throw new ControllerError(onLost, `the fake controller lost its answer: ${onLost}`);
      }
    },
    bootSet: async (target, { once, signal }) => act(`boot ${target}${once ? " once" : ""}`, signal),
    bootClear: async (signal) => act("clear", signal),
    mediaInsert: async (url, signal) => {
      act("insert", signal);
      if (fake.mediumRefused === true) {
        throw new ControllerError("refused", "the fake controller takes no medium");
      }
      fake.medium = url;
      return "1";
    },
    mediaEject: async (whose, signal) => {
      if (fake.medium !== undefined && whose(fake.medium, "1")) {
        act("eject", signal);
        fake.medium = undefined;
      }
    },
    httpBootSet: async (url, signal) => {
      act("boot http once", signal);
      fake.httpBootUrl = url;
    },
    httpBootClear: async (whose, signal) => {
      if (fake.httpBootUrl !== undefined && whose(fake.httpBootUrl)) {
        act("url removed", signal);
        fake.httpBootUrl = undefined;
      }
    },
    identify: async (on, signal) => act(`light ${on ? "on" : "off"}`, signal),
    health: async (signal) => {
      alive(signal);
      if (fake.healthBroken !== undefined) {
        throw new ControllerError(fake.healthBroken, `the fake controller's health is broken: ${fake.healthBroken}`);
      }
      return { rollup: "ok", failed: [], events: [], unread: [], ...fake.health };
    },
    passwordLimits: async (signal) => {
      alive(signal);
      return {};
    },
    passwordSet: async (_password, signal) => act("password", signal),
    [Symbol.asyncDispose]: async () => {
      await fake.ending;
      fake.session = false;
    },
  };
}
