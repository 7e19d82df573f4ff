import { expect, test, type TestContext } from "vitest";
import { type Provider, ProviderError } from "../provider.ts";

/** The provider that the suite tests. */
export interface ConformanceSubject extends AsyncDisposable {
  provider: Provider;
  /** A machine of the provider that may be switched on and off; absent if the provider can't offer one. */
  providerId?: string;
}

/**
 * The tests that every provider must pass; call this in the provider's test file. The tests of an ability that the
 * provider lacks are skipped with the reason. `make` may skip a test if the provider is not available.
 * @param seconds the maximum duration of a power action
 */
export function providerConformance(make: (context: TestContext) => Promise<ConformanceSubject>, seconds = 30): void {
  const live = new AbortController().signal;
  const nobody = "no-such-machine";
  const timeout = seconds * 1000;

  function has<Part>(part: Part | undefined, context: TestContext): Part {
    context.skip(part === undefined, "this provider has no such part");
    return part as Part;
  }

  async function failure(action: () => Promise<unknown>): Promise<unknown> {
    return action().then(
      () => "it did not fail",
      (error: unknown) => error,
    );
  }

  test("its name fits the database", async (context) => {
    await using subject = await make(context);
    expect(subject.provider.name).toMatch(/^[a-z][a-z0-9-]{0,31}$/u);
  });

  test("its list names each machine once, and get finds the same", { timeout }, async (context) => {
    await using subject = await make(context);
    const { provider, providerId } = subject;
    const list = has(provider.list, context);
    const listing = await list(live);
    const { machines } = listing;
    expect(listing.problems ?? []).toEqual([]);
    expect(new Set(machines.map((machine) => machine.providerId)).size).toBe(machines.length);
    expect(machines.map((machine) => machine.providerId)).toContain(providerId);
    expect(machines.flatMap(({ macs }) => macs)).toEqual(
      machines.flatMap(({ macs }) => macs.map(() => expect.stringMatching(/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/u))),
    );
    const get = has(provider.get, context);
    for (const machine of machines) {
      expect(await get(machine.providerId, live)).toEqual(machine);
    }
    expect(await list(live)).toEqual(listing);
  });

  test("a machine that it does not have is not found", { timeout }, async (context) => {
    await using subject = await make(context);
    const { get, power } = subject.provider;
    context.skip(get === undefined && power === undefined, "this provider can't be asked for a machine");
    const asked = [
      ...(get === undefined ? [] : [await failure(() => get(nobody, live))]),
      ...(power === undefined
        ? []
        : [
            await failure(() => power.get(nobody, live)),
            await failure(() => power.set(nobody, "on", { signal: live })),
          ]),
    ];
    for (const error of asked) {
      expect(error).toBeInstanceOf(ProviderError);
      expect((error as ProviderError).code).toBe("not_found");
    }
  });

  test("who has given up is not answered", { timeout }, async (context) => {
    await using subject = await make(context);
    const { list, power } = subject.provider;
    context.skip(list === undefined && power === undefined, "this provider can't be asked anything");
    const why = new Error("the asker is gone");
    const gone = AbortSignal.abort(why);
    if (list !== undefined) {
      expect(await failure(() => list(gone))).toBe(why);
    }
    if (power !== undefined) {
      expect(await failure(() => power.get(subject.providerId ?? nobody, gone))).toBe(why);
    }
  });

  test("off, on, reset and off again; what is so already stays", { timeout: 6 * timeout }, async (context) => {
    await using subject = await make(context);
    const power = has(subject.provider.power, context);
    const id = has(subject.providerId, context);
    await power.set(id, "off", { signal: live });
    expect(await power.get(id, live)).toBe("off");
    await power.set(id, "off", { signal: live });
    expect(await power.get(id, live)).toBe("off");
    await power.set(id, "on", { boot: "network", signal: live });
    expect(await power.get(id, live)).toBe("on");
    await power.set(id, "on", { signal: live });
    expect(await power.get(id, live)).toBe("on");
    await power.set(id, "reset", { signal: live });
    expect(await power.get(id, live)).toBe("on");
    await power.set(id, "reset", { boot: "disk", signal: live });
    expect(await power.get(id, live)).toBe("on");
    await power.set(id, "off", { signal: live });
    expect(await power.get(id, live)).toBe("off");
    // A reset gives power to a machine that has none.
    await power.set(id, "reset", { signal: live });
    expect(await power.get(id, live)).toBe("on");
    await power.set(id, "off", { signal: live });
  });

  test(
    "two who switch at once both get an answer, and the machine is one or the other",
    { timeout: 4 * timeout },
    async (context) => {
      await using subject = await make(context);
      const power = has(subject.provider.power, context);
      const id = has(subject.providerId, context);
      await Promise.all([
        power.set(id, "on", { signal: live }),
        power.set(id, "off", { signal: live }),
        power.set(id, "on", { boot: "network", signal: live }),
      ]);
      expect(["on", "off"]).toContain(await power.get(id, live));
      await power.set(id, "off", { signal: live });
      expect(await power.get(id, live)).toBe("off");
    },
  );
}
