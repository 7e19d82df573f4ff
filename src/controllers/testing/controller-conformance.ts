import { expect, test, type TestContext } from "vitest";
import { type BootTarget, bootTargets, type Controller, ControllerError, powerCommands } from "../controller.ts";

/** The controller that the suite tests. */
export interface ControllerSubject extends AsyncDisposable {
  /** Its machine may be switched on and off. */
  controller: Controller;
  /** The same controller with a wrong password; absent if it accepts any password. */
  stranger?: Controller;
  /** The number of refused logins; absent if they can't be counted. */
  refusedLogins?: () => number;
  /** The protocol has one system, which has no name. */
  nameless?: boolean;
  /** Boot targets that the controller lists but does not set: only reading back shows that. */
  untrue?: readonly BootTarget[];
}

/**
 * The tests that every client of management controllers must pass; call this in the client's test file. `make` may skip
 * a test if the controller is not available.
 * @param seconds the maximum duration of a command
 */
export function controllerConformance(make: (context: TestContext) => Promise<ControllerSubject>, seconds = 30): void {
  const live = new AbortController().signal;
  const timeout = seconds * 4000;

  async function failure(action: () => Promise<unknown>): Promise<unknown> {
    return action().then(
      () => "it did not fail",
      (error: unknown) => error,
    );
  }

  /** Expects `action` to succeed if the controller supports it, and otherwise to fail with `unsupported`. */
  async function where(can: boolean, action: () => Promise<void>): Promise<void> {
    if (can) {
      await action();
    } else {
      expect(await failure(action)).toMatchObject({ code: "unsupported" });
    }
  }

  test("what it says of its machine is in order", { timeout }, async (context) => {
    await using subject = await make(context);
    const facts = await subject.controller.read(live);
    expect(facts.system === "").toBe(subject.nameless === true);
    expect(["on", "off", "powering-on", "powering-off", "unknown"]).toContain(facts.power);
    expect(powerCommands).toEqual(expect.arrayContaining([...facts.powerCommands]));
    expect(bootTargets).toEqual(expect.arrayContaining([...facts.bootTargets]));
    expect(facts.powerCommands).toEqual(expect.arrayContaining(["on", "off"]));
    expect(facts.macs).toEqual(facts.macs.map(() => expect.stringMatching(/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/u)));
    expect(new Set(facts.macs).size).toBe(facts.macs.length);
    expect(facts.serials).not.toContain("");
    expect(await subject.controller.read(live)).toEqual(facts);
  });

  test("a command is done when it returns, and what is so already stays so", { timeout }, async (context) => {
    await using subject = await make(context);
    const { controller } = subject;
    for (const command of ["on", "off"] as const) {
      await controller.powerSet(command, live);
      expect(await controller.powerGet(live)).toBe(command);
      await controller.powerSet(command, live);
      expect(await controller.powerGet(live)).toBe(command);
    }
  });

  test("a machine is on after a reset and after a cycle", { timeout }, async (context) => {
    await using subject = await make(context);
    const { controller } = subject;
    const { powerCommands: can } = await controller.read(live);
    await controller.powerSet("on", live);
    for (const command of ["reset", "cycle"] as const) {
      await where(can.includes(command), async () => controller.powerSet(command, live));
      expect(await controller.powerGet(live)).toBe("on");
    }
    await controller.powerSet("off", live);
  });

  test("a machine without power takes no NMI", { timeout }, async (context) => {
    await using subject = await make(context);
    await subject.controller.powerSet("off", live);
    expect(await failure(() => subject.controller.powerSet("nmi", live))).toMatchObject({ code: "unsupported" });
  });

  test("every boot target that it names can be set, and taken away, twice", { timeout }, async (context) => {
    await using subject = await make(context);
    const { controller } = subject;
    const { bootTargets: can } = await controller.read(live);
    for (const target of bootTargets.filter((one) => subject.untrue?.includes(one) !== true)) {
      await where(can.includes(target), () => controller.bootSet(target, { once: true, signal: live }));
      await where(can.includes(target), () => controller.bootSet(target, { once: true, signal: live }));
    }
    for (const target of subject.untrue ?? []) {
      const set = controller.bootSet(target, { once: true, signal: live });
      expect(await failure(() => set)).toMatchObject({ code: "not_done" });
    }
    await controller.bootClear(live);
    await controller.bootClear(live);
  });

  test("the light goes on and off, or it says that there is none", { timeout }, async (context) => {
    await using subject = await make(context);
    const { controller } = subject;
    const first = await failure(() => controller.identify(true, live));
    if (first instanceof ControllerError) {
      expect(first.code).toBe("unsupported");
    } else {
      await controller.identify(false, live);
      await controller.identify(false, live);
    }
  });

  test("its health is in order, or it says that it has none to tell", { timeout }, async (context) => {
    await using subject = await make(context);
    const health = await subject.controller.health(live).catch((error: unknown) => error);
    if (health instanceof ControllerError) {
      expect(health.code).toBe("unsupported");
      return;
    }
    expect(health).toMatchObject({ rollup: expect.stringMatching(/^(?:ok|warning|critical|unknown)$/u) });
    const { events } = health as Awaited<ReturnType<Controller["health"]>>;
    expect(events.length).toBeLessThanOrEqual(10);
    const times = events.flatMap(({ at }) => (at === undefined ? [] : [at.getTime()]));
    expect(times).toEqual(times.toSorted((one, other) => other - one));
  });

  test("a wrong password is tried once, whatever is asked", { timeout }, async (context) => {
    await using subject = await make(context);
    const { stranger, refusedLogins } = subject;
    context.skip(stranger === undefined, "this controller takes any password");
    const calls = [() => stranger?.read(live), () => stranger?.powerGet(live), () => stranger?.powerSet("on", live)];
    for (const call of calls) {
      expect(await failure(async () => call())).toMatchObject({ code: "unauthorized" });
    }
    if (refusedLogins !== undefined) {
      expect(refusedLogins()).toBe(1);
    }
  });

  test("nothing is begun for a caller who has gone", { timeout }, async (context) => {
    await using subject = await make(context);
    const { controller } = subject;
    const gone = AbortSignal.abort(new Error("gone"));
    for (const call of [
      () => controller.read(gone),
      () => controller.powerGet(gone),
      () => controller.powerSet("on", gone),
    ]) {
      expect(await failure(call)).toMatchObject({ message: "gone" });
    }
  });
}
