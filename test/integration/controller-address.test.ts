// A controller's name that has several addresses, or another one at each question: the credential goes only where it may.
import { createSocket } from "node:dgram";
import type * as Dns from "node:dns";
import type * as DnsPromises from "node:dns/promises";
import { once } from "node:events";
import { createServer } from "node:net";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { ControllerLogin } from "../../src/controllers/controller.ts";
import { ipmiController } from "../../src/controllers/ipmi/ipmi-controller.ts";
import { redfishController } from "../../src/controllers/redfish/redfish-controller.ts";
import { MemoryMachine } from "../../src/controllers/simulated/machine.ts";
import { plainShape } from "../../src/controllers/simulated/shape.ts";
import { SimulatedController } from "../../src/controllers/simulated/simulated-controller.ts";
import { ipmiSim, ipmiSimMissing } from "../../src/controllers/testing/ipmi-sim.ts";
import { mayReach } from "../../src/secrets/may-reach.ts";

const live = new AbortController().signal;
const [allowed, stranger] = ["127.0.0.1", "127.0.0.2"];

/** What a name server says of every name, question by question; its last answer stays. Empty = the names are real. */
const names = vi.hoisted(() => ({
  answers: [] as string[][],
  questions: 0,
  answer(): Dns.LookupAddress[] | undefined {
    const [first] = this.answers;
    this.questions += 1;
    this.answers = this.answers.length > 1 ? this.answers.slice(1) : this.answers;
    return first?.map((address) => ({ address, family: 4 }));
  },
}));
vi.mock("node:dns", async (original) => {
  const real = await original<typeof Dns>();
  const lookup = (host: string, options: Dns.LookupAllOptions, callback: (...words: unknown[]) => void): void => {
    const found = names.answer();
    if (found === undefined) {
      real.lookup(host, options, callback);
    } else {
      callback(null, found);
    }
  };
  return { ...real, lookup };
});
vi.mock("node:dns/promises", async (original) => {
  const real = await original<typeof DnsPromises>();
  const lookup = async (host: string, options: Dns.LookupAllOptions): Promise<Dns.LookupAddress[]> =>
    names.answer() ?? real.lookup(host, options);
  return { ...real, lookup };
});

beforeEach(() => {
  names.answers = [];
  names.questions = 0;
});

function login(userName: string, password: string): ControllerLogin {
  return { userName, password, mayReach: (at) => mayReach([`${allowed}/32`], at) };
}

/** A place that the credential may not be sent to, which counts who comes. */
async function elsewhere(protocol: "redfish" | "ipmi", port: number): Promise<AsyncDisposable & { calls: number }> {
  const place = { calls: 0, [Symbol.asyncDispose]: () => Promise.resolve() };
  if (protocol === "ipmi") {
    const socket = createSocket("udp4", () => (place.calls += 1));
    await once(socket.bind(port, stranger), "listening");
    place[Symbol.asyncDispose] = async () => void (await once(socket.close(), "close"));
  } else {
    const server = createServer((socket) => {
      place.calls += 1;
      socket.destroy();
    });
    await once(server.listen(port, stranger), "listening");
    place[Symbol.asyncDispose] = async () => void (await once(server.close(), "close"));
  }
  return place;
}

const portOf = (url: string): number => Number(new URL(url.replace(/^ipmi:/u, "http:")).port);

describe("by Redfish", () => {
  async function named() {
    await using stack = new AsyncDisposableStack();
    const bmc = stack.use(await SimulatedController.start({ shape: plainShape, machine: new MemoryMachine() }));
    const port = portOf(bmc.url);
    const other = stack.use(await elsewhere("redfish", port));
    const address = { url: `http://bmc.example:${port}`, trust: { by: "clear-text" } } as const;
    const client = stack.use(redfishController(address, login("admin", "simulated")));
    const release = stack.move();
    return { bmc, other, client, [Symbol.asyncDispose]: () => release.disposeAsync() };
  }

  test("of a name's addresses the allowed ones are called", async () => {
    await using here = await named();
    names.answers = [[stranger, allowed]];
    expect(await here.client.powerGet(live)).toBe("off");
    expect(here.other.calls).toBe(0);
  });

  test("a name that leads elsewhere once it was checked is not followed, nor at the next connection", async () => {
    await using here = await named();
    names.answers = [[allowed], [stranger]];
    expect(await here.client.powerGet(live)).toBe("off");
    // One question for the check and the connection.
    expect(names.questions).toBe(1);
    here.bmc.restart();
    await expect(here.client.powerSet("on", live)).rejects.toMatchObject({
      code: "address_refused",
      message: expect.stringContaining(`bmc.example (${stranger})`),
    });
    expect(here.other.calls).toBe(0);
  });
});

describe("by IPMI", () => {
  async function named() {
    await using stack = new AsyncDisposableStack();
    const bmc = stack.use(await ipmiSim());
    const port = portOf(bmc.url);
    const other = stack.use(await elsewhere("ipmi", port));
    const address = { protocol: "ipmi", url: `ipmi://bmc.example:${port}`, trust: { by: "clear-text" } } as const;
    const client = stack.use(ipmiController(address, login(bmc.userName, bmc.password)));
    const release = stack.move();
    return { other, client, [Symbol.asyncDispose]: () => release.disposeAsync() };
  }
  beforeEach(async (context) => {
    const missing = await ipmiSimMissing();
    context.skip(missing !== undefined, missing);
  });

  test("of a name's addresses an allowed one is called", async () => {
    await using here = await named();
    names.answers = [[stranger, allowed]];
    expect(await here.client.powerGet(live)).toBe("off");
    expect(here.other.calls).toBe(0);
  });

  test("a name that leads elsewhere once it was checked is not followed, nor at the next call", async () => {
    await using here = await named();
    names.answers = [[allowed], [stranger]];
    expect(await here.client.powerGet(live)).toBe("off");
    expect(names.questions).toBe(1);
    await expect(here.client.powerGet(live)).rejects.toMatchObject({
      code: "address_refused",
      message: expect.stringContaining(`bmc.example (${stranger})`),
    });
    expect(here.other.calls).toBe(0);
  });
});
