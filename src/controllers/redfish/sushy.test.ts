// Independent peers: sushy-tools' emulator as a controller, and sushy (Python) as a second client.
import { describe, expect, test } from "vitest";
import { certificateRead } from "../certificate-read.ts";
import type { BootTarget, ControllerTrust, PowerCommand } from "../controller.ts";
import { makerShapes } from "../simulated/shapes/shapes.ts";
import { controllerConformance } from "../testing/controller-conformance.ts";
import { simulatedSubject } from "../testing/simulated-subject.ts";
import { sushyAnswers } from "../testing/sushy-answers.ts";
import { sushyEmulator, type SushyEmulator } from "../testing/sushy-emulator.ts";
import { redfishController } from "./redfish-controller.ts";

const live = new AbortController().signal;

function clientOf(emulator: SushyEmulator, password: string, trust: ControllerTrust) {
  const login = { userName: emulator.userName, password, mayReach: () => true };
  const pause = { first: 50, most: 500 };
  return redfishController({ url: emulator.url, trust }, login, {
    limits: { power: { ...pause, total: 60_000 }, setting: { ...pause, total: 5000 } },
  });
}

describe("sushy-tools' emulator", () => {
  controllerConformance(async (context) => {
    const emulator = await sushyEmulator(context);
    const trust = { by: "fingerprint", sha256: emulator.sha256 } as const;
    const controller = clientOf(emulator, emulator.password, trust);
    const stranger = clientOf(emulator, "not-the-one", trust);
    return {
      controller,
      stranger,
      // The emulator accepts UefiHttp, but sets Pxe.
      untrue: ["http"],
      [Symbol.asyncDispose]: async () => {
        await controller[Symbol.asyncDispose]();
        await stranger[Symbol.asyncDispose]();
        await emulator[Symbol.asyncDispose]();
      },
    };
  });

  test("its certificate is read first, and believed by fingerprint or CA", { timeout: 60_000 }, async (context) => {
    await using emulator = await sushyEmulator(context);
    const { sha256 } = await certificateRead(emulator.url);
    for (const trust of [{ by: "fingerprint", sha256 } as const, { by: "ca", pem: emulator.ca } as const]) {
      await using controller = clientOf(emulator, emulator.password, trust);
      expect(await controller.read(live)).toMatchObject({ smbiosUuid: emulator.uuid, macs: emulator.macs });
    }
    await using controller = clientOf(emulator, emulator.password, { by: "system" });
    await expect(controller.read(live)).rejects.toMatchObject({ code: "untrusted" });
  });

  test("sushy says the same of its machine", { timeout: 60_000 }, async (context) => {
    await using emulator = await sushyEmulator(context);
    await using controller = clientOf(emulator, emulator.password, { by: "fingerprint", sha256: emulator.sha256 });
    const other = await sushyAnswers(context, emulator);
    expect(inItsWords(await controller.read(live))).toEqual(asFarAs(other));
  });
});

test.for(makerShapes)(
  "sushy says the same of a simulated controller in the shape of $maker",
  { timeout: 60_000 },
  async (shape, context) => {
    await using subject = await simulatedSubject(shape);
    await subject.controller.powerSet("on", live);
    const other = await sushyAnswers(context, { url: subject.simulated.url, userName: "admin", password: "simulated" });
    expect(inItsWords(await subject.controller.read(live))).toEqual(asFarAs(other));
  },
);

const needs: Readonly<Record<PowerCommand, string[][]>> = {
  on: [["On"]],
  off: [["ForceOff"]],
  "soft-off": [["GracefulShutdown"], ["PushPowerButton"]],
  cycle: [["PowerCycle"], ["ForceOff", "On"]],
  reset: [["ForceRestart"]],
  nmi: [["Nmi"]],
};
const boots: Readonly<Record<BootTarget, string[]>> = {
  network: ["Pxe"],
  disk: ["Hdd"],
  http: ["UefiHttp"],
  media: ["Cd"],
  setup: ["BiosSetup"],
};

type Facts = Awaited<ReturnType<ReturnType<typeof clientOf>["read"]>>;

function inItsWords({ smbiosUuid, power, macs, powerCommands, bootTargets }: Facts) {
  return {
    uuid: smbiosUuid,
    power,
    macs: macs.toSorted(),
    powerCommands: powerCommands.toSorted(),
    bootTargets: bootTargets.toSorted(),
  };
}

function asFarAs(other: Awaited<ReturnType<typeof sushyAnswers>>) {
  const can = (ways: string[][]): boolean => ways.some((way) => way.every((type) => other.resets.includes(type)));
  return {
    uuid: other.uuid.toLowerCase(),
    power: other.power?.toLowerCase(),
    macs: other.macs.toSorted(),
    powerCommands: (Object.keys(needs) as PowerCommand[]).filter((command) => can(needs[command])).toSorted(),
    bootTargets: (Object.keys(boots) as BootTarget[])
      .filter((target) => boots[target].some((name) => other.boots.includes(name)))
      .toSorted(),
  };
}
