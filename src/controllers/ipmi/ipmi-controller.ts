import { lookup } from "node:dns/promises";
import type { ControllerConnections } from "../controller-connections.ts";
import {
  type BootTarget,
  type Controller,
  type ControllerAddress,
  ControllerError,
  type ControllerFacts,
  type ControllerHealth,
  type ControllerLogin,
  type PowerCommand,
} from "../controller.ts";
import { systemClock, type Clock } from "../../lib/clock.ts";
import { type CipherSuite, cipherSuites, ipmitool, type IpmiTarget } from "./ipmitool.ts";
import { factShown, factText } from "../fact-text.ts";
import { healthBounded } from "../health-bounds.ts";
import { withoutSecretForms } from "../../lib/secret-forms.ts";
import { UsedPasswords } from "../used-passwords.ts";
import { ipmiHealth } from "./health.ts";
import { ipmiFields, ipmiGuid, ipmiPower } from "./parse.ts";
import { ipmiPasswordSet } from "./password.ts";
import { defined } from "../../lib/defined.ts";
import { describeError } from "../../lib/errors.ts";

/** The port of RMCP+ (IPMI 2.0, 13.1.2). */
const ipmiPort = 623;
/** Maximum length of a password in bytes (IPMI 2.0, 22.30). */
const passwordBytes = 20;
/** Milliseconds between two power readings, and (`powerPatience`) until a change counts as not done. */
const look = 1_000;
/** Milliseconds that a controller has to begin a cycle or a reset. */
const restartPause = 5_000;
const powerPatience = { hard: 60_000, soft: 280_000 } as const;

const powerWords: Readonly<Record<PowerCommand, string>> = {
  on: "on",
  off: "off",
  "soft-off": "soft",
  cycle: "cycle",
  reset: "reset",
  nmi: "diag",
};
const bootWords: Readonly<Partial<Record<BootTarget, string>>> = {
  network: "pxe",
  disk: "disk",
  media: "cdrom",
  setup: "bios",
};

/**
 * Creates a client for a controller that speaks IPMI 2.0, through the program ipmitool.
 * @throws {ControllerError} `unauthorized` if the password is longer than IPMI allows
 */
export function ipmiController(
  address: ControllerAddress,
  login: ControllerLogin,
  { clock = systemClock, places }: { clock?: Clock; places?: ControllerConnections } = {},
): Controller {
  if (Buffer.byteLength(login.password) > passwordBytes) {
    throw new ControllerError(
      "unauthorized",
      `IPMI takes passwords of at most ${passwordBytes} bytes, and this credential's is longer`,
    );
  }
  const { userName, used = new UsedPasswords() } = login;
  used.add(login.password);
  let suite: CipherSuite | undefined;
  let password = login.password;
  let last: Promise<unknown> = Promise.resolve();

  /** Removes the secrets from what the controller says. */
  const clean = (text: string): string => withoutSecretForms(text, [password, ...used.all]);

  /** Runs one call at a time: each call opens a session, and controllers have few. */
  function call(words: readonly string[], signal: AbortSignal, input?: string): Promise<string> {
    const mine = last.then(() =>
      places === undefined ? callNow(words, signal, input) : places.within(() => callNow(words, signal, input)),
    );
    last = mine.catch(() => undefined);
    return mine;
  }

  async function callNow(words: readonly string[], signal: AbortSignal, input?: string): Promise<string> {
    const target = { ...(await placeOf(address, login)), userName, password, secrets: used.all };
    suite ??= await suiteOf(target, signal);
    try {
      return await ipmitool(target, suite, words, signal, input);
    } catch (error) {
      // Only `suiteOf` finds out why no session opens, so the next call runs it again.
      suite = error instanceof ControllerError && error.code === "unreachable" ? undefined : suite;
      throw error;
    }
  }

  /** Resolves to the output, or to "" if the controller does not support the command. */
  async function optional(words: readonly string[], signal: AbortSignal): Promise<string> {
    return call(words, signal).catch((error: unknown) => {
      if (error instanceof ControllerError && (error.code === "unsupported" || error.code === "refused")) {
        return "";
      }
      throw error;
    });
  }

  const powerGet = async (signal: AbortSignal) => ipmiPower(await call(["chassis", "power", "status"], signal));

  async function powerUntil(wanted: "on" | "off", limit: number, signal: AbortSignal): Promise<void> {
    const end = clock.monotonic() + limit;
    while ((await powerGet(signal)) !== wanted) {
      if (clock.monotonic() > end) {
        throw new ControllerError(
          "not_done",
          `the controller took the command, and does not show the power ${wanted} after ${limit / 1000} s`,
        );
      }
      await clock.sleep(look, signal);
    }
  }

  return {
    async read(signal): Promise<ControllerFacts> {
      const power = await powerGet(signal);
      const controller = ipmiFields(await call(["mc", "info"], signal));
      const uuid = ipmiGuid(await optional(["mc", "guid"], signal));
      const fru = ipmiFields(await optional(["fru", "print", "0"], signal));
      const maker = fru.get("Product Manufacturer") ?? controller.get("Manufacturer Name");
      const model = fru.get("Product Name") ?? controller.get("Product Name");
      const firmware = controller.get("Firmware Revision");
      const serials = [fru.get("Product Serial"), fru.get("Chassis Serial"), fru.get("Board Serial")];
      return {
        ...defined({
          maker: factShown(maker, clean),
          model: factShown(model, clean),
          firmware: factShown(firmware, clean),
        }),
        system: "",
        ...defined({ smbiosUuid: uuid }),
        serials: [
          ...new Set(serials.flatMap((serial) => (serial === undefined || serial === "" ? [] : factText(serial)))),
        ],
        // IPMI reports the controller's own MAC, but not the machine's MACs.
        macs: [],
        power,
        powerCommands: ["on", "off", "soft-off", "cycle", "reset", "nmi"],
        bootTargets: ["network", "disk", "media", "setup"],
        virtualMedia: false,
        httpBoot: false,
        rules: [`cipher-suite-${suite ?? "none"}`],
        // The session was opened at administrator level; the controller would have refused an account with fewer
        // rights.
        mayControl: true,
      };
    },
    powerGet,
    async powerSet(command, signal) {
      const before = await powerGet(signal);
      if (
        (command === "on" && before === "on") ||
        (before === "off" && (command === "off" || command === "soft-off"))
      ) {
        return;
      }
      // A machine that is off can't be cycled or reset, so it is switched on.
      const sent = before === "off" && (command === "cycle" || command === "reset") ? "on" : command;
      await call(["chassis", "power", powerWords[sent]], signal);
      switch (sent) {
        case "cycle":
        case "reset":
          // The power reads as on until the controller has begun.
          await clock.sleep(restartPause, signal);
          return powerUntil("on", powerPatience.hard, signal);
        case "on":
          return powerUntil("on", powerPatience.hard, signal);
        case "off":
          return powerUntil("off", powerPatience.hard, signal);
        case "soft-off":
          return powerUntil("off", powerPatience.soft, signal);
        case "nmi":
      }
    },
    async bootSet(target, { once, signal }) {
      const word = bootWords[target];
      if (word === undefined) {
        throw new ControllerError("unsupported", `IPMI can't tell a machine to boot from ${target}`);
      }
      const options = once ? "options=efiboot" : "options=efiboot,persistent";
      try {
        await call(["chassis", "bootdev", word, options], signal);
      } catch (error) {
        if (!(error instanceof ControllerError && error.code === "unsupported")) {
          throw error;
        }
        // Controllers of machines without UEFI refuse `options=`.
        await call(["chassis", "bootdev", word, ...(once ? [] : ["options=persistent"])], signal);
      }
    },
    bootClear: async (signal) => void (await call(["chassis", "bootdev", "none"], signal)),
    mediaInsert: () => Promise.reject(noMedia()),
    // There are none.
    mediaEject: () => Promise.resolve(),
    httpBootSet: () =>
      Promise.reject(new ControllerError("unsupported", "IPMI has no place for the URL of an HTTP boot")),
    // There is none.
    httpBootClear: () => Promise.resolve(),
    identify: async (on, signal) => void (await call(["chassis", "identify", on ? "force" : "0"], signal)),
    async health(signal): Promise<ControllerHealth> {
      const health = ipmiHealth({
        chassis: await optional(["chassis", "status"], signal),
        sensors: await optional(["sdr", "elist", "full"], signal),
        log: await optional(["sel", "elist", "last", "10"], signal),
      });
      return healthBounded(health, clean);
    },
    passwordLimits: () => Promise.resolve({ min: 1, max: passwordBytes }),
    async passwordSet(wanted, signal) {
      used.add(wanted);
      await ipmiPasswordSet({ call, userName, passwordBytes }, wanted, signal);
      const before = password;
      password = wanted;
      try {
        await powerGet(signal);
      } catch (error) {
        password = before;
        signal.throwIfAborted();
        throw new ControllerError(
          "not_done",
          `the controller accepted a new password, and does not show that it logs in: ${describeError(error)}`,
          { cause: error },
        );
      }
    },
    [Symbol.asyncDispose]: async () => {
      await last;
    },
  };
}

function noMedia(): ControllerError {
  return new ControllerError("unsupported", "IPMI has no virtual media");
}

/**
 * Finds the best cipher suite that the controller supports. It runs ipmitool with -v: otherwise ipmitool does not
 * distinguish a wrong password from no answer.
 * @throws {ControllerError} `unauthorized`, `unreachable`, `unsupported` if it supports none of {@link cipherSuites}
 */
async function suiteOf(target: IpmiTarget, signal: AbortSignal): Promise<CipherSuite> {
  for (const suite of cipherSuites) {
    try {
      await ipmitool(target, suite, ["-v", "chassis", "power", "status"], signal);
      return suite;
    } catch (error) {
      if (!(error instanceof ControllerError && error.code === "unsupported")) {
        throw error;
      }
    }
  }
  throw new ControllerError(
    "unsupported",
    `${target.ip} knows none of the cipher suites ${cipherSuites.join(" and ")}`,
  );
}

/**
 * Resolves the controller's name, and checks that the credential may be sent to the address.
 * @throws {ControllerError} `unreachable` if the name has no address; `address_refused`
 */
async function placeOf(
  { url }: Pick<ControllerAddress, "url">,
  login: Pick<ControllerLogin, "mayReach">,
): Promise<Pick<IpmiTarget, "ip" | "port">> {
  const { hostname } = new URL(url.replace(/^ipmi:/u, "http:"));
  const host = hostname.replace(/^\[(?<ip>.*)\]$/u, "$<ip>");
  const found = await lookup(host, { all: true }).catch((error: unknown) => {
    throw new ControllerError("unreachable", `the name ${host} has no address`, { cause: error });
  });
  // ipmitool gets the checked address, not the name, so it can't resolve to another one.
  const ip = found.find(({ address: one }) => login.mayReach({ host, ip: one }))?.address;
  if (ip === undefined) {
    const ips = found.map(({ address: one }) => one).join(", ");
    throw new ControllerError(
      "address_refused",
      `the credential may not be sent to ${host}${host === ips ? "" : ` (${ips})`}: \`farrier credential list\` shows where it may`,
    );
  }
  // Parsed as `http:`, the port 80 would be lost.
  const { port } = new URL(url);
  return { ip, port: Number(port || ipmiPort) };
}
