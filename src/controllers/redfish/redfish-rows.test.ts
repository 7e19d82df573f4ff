// Differences that most controllers have in some way. The client handles them by reading before writing, following
// links and reading back. Numbers are the rows of docs/redfish.md; differences of single makers are in rules/.
import { describe, expect, test } from "vitest";
import { amiShape } from "../simulated/shapes/ami.ts";
import { plainShape } from "../simulated/shape.ts";
import { simulatedSubject, type SimulatedSubject } from "../testing/simulated-subject.ts";
import { redfishLimits } from "./redfish-controller.ts";

const live = new AbortController().signal;

test("row 1: ids are not guessed, slashes do not matter, and what is no machine is passed over", async () => {
  await using subject = await simulatedSubject({ ...amiShape, trailingSlash: true, systemId: "Odd.Name-1" });
  expect(await subject.controller.read(live)).toMatchObject({ system: "Odd.Name-1", firmware: "12.61.06" });
});

test("row 1: of several systems one has to be named, by its id or its link", async () => {
  await using subject = await simulatedSubject();
  const members = { Members: [{ "@odata.id": "/redfish/v1/Systems/1" }, { "@odata.id": "/redfish/v1/Systems/2" }] };
  const other = {
    Id: "2",
    PowerState: "On",
    Boot: { BootSourceOverrideTarget: "None" },
    Actions: { "#ComputerSystem.Reset": { target: "/redfish/v1/Systems/2/Actions/Reset" } },
  };
  subject.simulated.faults.push(
    { path: /\/Systems$/u, times: 9, does: { status: 200, body: members } },
    { path: /\/Systems\/2$/u, times: 9, does: { status: 200, body: other } },
  );
  await expect(subject.controller.powerGet(live)).rejects.toMatchObject({
    code: "not_a_controller",
    message: expect.stringContaining("several systems: name one of 1, 2"),
  });
  expect(await subject.client({ system: "2" }).powerGet(live)).toBe("on");
  expect(await subject.client({ system: "/redfish/v1/Systems/1/" }).powerGet(live)).toBe("off");
  await expect(subject.client({ system: "3" }).powerGet(live)).rejects.toMatchObject({
    code: "not_a_controller",
    message: expect.stringContaining("no system 3, but: 1, 2"),
  });
});

test("row 1: a system whose link has changed is found again", async () => {
  await using subject = await simulatedSubject();
  expect(await subject.controller.powerGet(live)).toBe("off");
  subject.simulated.state.shape = { ...subject.simulated.state.shape, systemId: "Renamed" };
  await expect(subject.controller.powerGet(live)).rejects.toMatchObject({ code: "unsupported" });
  expect(await subject.controller.powerGet(live)).toBe("off");
});

test.each(["ManagedBy", "Managers", undefined] as const)("row 2: the manager is found by %s", async (managerLink) => {
  await using subject = await simulatedSubject({ managerLink });
  expect((await subject.controller.read(live)).firmware).toBe("1.0");
});

test.each(["inline", "action-info", "nowhere"] as const)("row 3: resets whose values are %s", async (allowed) => {
  await using subject = await simulatedSubject({ allowed, resetTypes: ["ForceOn", "ForceOff", "ForceRestart"] });
  await subject.controller.powerSet("on", live);
  await subject.controller.powerSet("reset", live);
  await subject.controller.powerSet("off", live);
  expect(subject.machine.actions).toEqual(["on", "reset", "off"]);
});

describe("row 4: the reset that there is", () => {
  test.each([
    ["a restart by off and on, where nothing else is", ["On", "ForceOff"], ["on", "off", "on", "off", "on", "off"]],
    ["a power cycle for both", ["On", "ForceOff", "PowerCycle"], ["on", "reset", "reset", "off"]],
    [
      "the button for on",
      ["PushPowerButton", "ForceOff", "ForceRestart", "PowerCycle"],
      ["on", "reset", "reset", "off"],
    ],
  ])("%s", async (_, resetTypes, actions) => {
    await using subject = await simulatedSubject({ resetTypes });
    for (const command of ["on", "reset", "cycle", "off"] as const) {
      await subject.controller.powerSet(command, live);
    }
    expect(subject.machine.actions).toEqual(actions);
  });

  test("a command that it has no reset for is unsupported, and says what there is", async () => {
    await using subject = await simulatedSubject({ resetTypes: ["On", "ForceOff"] });
    await subject.controller.powerSet("on", live);
    await expect(subject.controller.powerSet("nmi", live)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("allows none of Nmi, only On, ForceOff"),
    });
    expect((await subject.controller.read(live)).powerCommands).toEqual(["on", "off", "cycle", "reset"]);
  });
});

test.each([400, 409])("row 5: %i is no failure where the machine is as it should be", async (status) => {
  await using subject = await simulatedSubject();
  // Another client set the override first.
  const { machine, simulated } = subject;
  simulated.faults.push({ method: "POST", path: /Reset/u, does: { status, id: "NoOperation" } });
  const read = machine.powerGet.bind(machine);
  machine.powerGet = async () => {
    if (simulated.faults.length === 0) {
      await machine.powerSet("on");
      machine.powerGet = read;
    }
    return read();
  };
  await subject.controller.powerSet("on", live);
});

test("row 5: a refusal that is none says what the controller said, at once", async () => {
  await using subject = await simulatedSubject();
  const refusal = { status: 400, id: "ChassisOpen", message: "The lid is open." };
  subject.simulated.faults.push({ method: "POST", path: /Reset/u, times: 99, does: refusal });
  await expect(subject.controller.powerSet("on", live)).rejects.toMatchObject({
    code: "refused",
    message: expect.stringContaining("The lid is open."),
  });
  expect(subject.simulated.calls.filter(({ method, path }) => method === "POST" && /Reset/u.test(path))).toHaveLength(
    1,
  );
});

describe("row 10: boot overrides", () => {
  test("without modes none is sent", async () => {
    await using subject = await simulatedSubject({ bootMode: undefined });
    await subject.controller.bootSet("network", { once: true, signal: live });
    expect(subject.simulated.state.boot).toMatchObject({ enabled: "Once", target: "Pxe" });
  });

  test("what is set already is not sent again", async () => {
    await using subject = await simulatedSubject({ bootQuirks: ["unchanged-refused"] });
    await subject.controller.bootSet("network", { once: true, signal: live });
    await subject.controller.bootSet("network", { once: true, signal: live });
    await subject.controller.bootSet("disk", { once: true, signal: live });
    expect(subject.simulated.state.boot).toMatchObject({ enabled: "Once", target: "Hdd" });
    expect(subject.simulated.calls.filter(({ method }) => method === "PATCH")).toHaveLength(2);
  });
});

test("row 12: an override whose target can't be None goes without, on every maker's controller", async () => {
  await using subject = await simulatedSubject({ bootQuirks: ["no-disabled-none"] });
  await subject.controller.bootSet("network", { once: true, signal: live });
  await subject.controller.bootClear(live);
  expect(subject.simulated.state.boot.enabled).toBe("Disabled");
});

test("row 13: an override that is changed in an object of settings is changed there", async () => {
  await using subject = await simulatedSubject({ settings: "SD" });
  await subject.controller.bootSet("network", { once: true, signal: live });
  const patches = subject.simulated.calls.filter(({ method }) => method === "PATCH");
  expect(patches).toMatchObject([{ path: "/redfish/v1/Systems/1/SD", status: 200 }]);
});

test("row 14: a mode that changes with the target is set again", async () => {
  await using subject = await simulatedSubject({ bootQuirks: ["mode-flips"] });
  await subject.controller.bootSet("network", { once: true, signal: live });
  expect(subject.simulated.state.boot).toEqual({ enabled: "Once", target: "Pxe", mode: "UEFI" });
});

test("row 16: HTTP boot goes with UEFI, and is unsupported where there is none", async () => {
  await using subject = await simulatedSubject({ bootMode: "Legacy" });
  await subject.controller.bootSet("http", { once: true, signal: live });
  expect(subject.simulated.state.boot).toEqual({ enabled: "Once", target: "UefiHttp", mode: "UEFI" });
  await using other = await simulatedSubject({ bootTargets: ["None", "Pxe"] });
  await expect(other.controller.bootSet("http", { once: true, signal: live })).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining("only None, Pxe"),
  });
});

test.each(["none", "sent", "needed", "weak", "wrong"] as const)("rows 19, 20: ETags that are %s", async (etags) => {
  await using subject = await simulatedSubject({ etags });
  await subject.controller.bootSet("network", { once: true, signal: live });
  await subject.controller.identify(true, live);
  await subject.controller.bootClear(live);
  expect(subject.simulated.state).toMatchObject({ lit: true, boot: { enabled: "Disabled" } });
});

test("row 21: a kept connection that was cut is replaced, and a read repeated", async () => {
  await using subject = await simulatedSubject();
  await subject.controller.read(live);
  subject.simulated.faults.push({ method: "GET", does: "cut" });
  expect(await subject.controller.powerGet(live)).toBe("off");
});

test("row 21: no change is sent over a connection that was used before", async () => {
  await using subject = await simulatedSubject();
  await subject.controller.powerSet("on", live);
  const changes = subject.simulated.calls.filter(({ method, path }) => method !== "GET" && !path.includes("Sessions"));
  expect(changes.map(({ headers }) => headers.connection)).toEqual(["close"]);
});

test("row 21: a login that meets a connection that was cut is sent again, and so is the end of a session", async () => {
  await using subject = await simulatedSubject();
  subject.simulated.faults.push({ method: "POST", path: /Sessions$/u, does: "cut" });
  const client = subject.client();
  expect(await client.powerGet(live)).toBe("off");
  subject.simulated.faults.push({ method: "DELETE", does: "cut" });
  await client[Symbol.asyncDispose]();
  expect(subject.simulated.sessions.open).toBe(0);
});

test("row 22: 406 for answers as they are is asked again otherwise", async () => {
  await using subject = await simulatedSubject();
  subject.simulated.faults.push({ method: "GET", path: /Systems$/u, does: { status: 406 } });
  expect(await subject.controller.powerGet(live)).toBe("off");
});

test("row 23: every body has its length", async () => {
  await using subject = await simulatedSubject();
  await subject.controller.powerSet("on", live);
  const posts = subject.simulated.calls.filter(({ method }) => method === "POST");
  expect(posts.length).toBeGreaterThan(0);
  expect(posts.map(({ headers }) => headers["transfer-encoding"])).toEqual(posts.map(() => undefined));
  expect(posts.every(({ headers }) => Number(headers["content-length"]) > 0)).toBe(true);
});

test.each([500, 502, 503, 504, 429])(
  "row 26: a read that is answered with %i is repeated, with growing pauses",
  async (status) => {
    await using subject = await simulatedSubject();
    await subject.controller.powerGet(live);
    subject.clock.slept.splice(0);
    subject.simulated.faults.push({ method: "GET", times: 4, does: { status } });
    expect(await subject.controller.powerGet(live)).toBe("off");
    expect(subject.clock.slept).toEqual([500, 1000, 2000, 4000]);
    subject.simulated.faults.push({ method: "GET", times: 99, does: { status } });
    await expect(subject.controller.powerGet(live)).rejects.toMatchObject({ code: "busy" });
  },
);

describe("row 28: sessions", () => {
  test("one is made, kept, and ended", async () => {
    await using subject = await simulatedSubject();
    await subject.controller.read(live);
    await Promise.all([subject.controller.health(live), subject.controller.powerGet(live)]);
    await subject.controller.powerSet("on", live);
    expect(subject.simulated.sessions.made).toBe(1);
    await subject.controller[Symbol.asyncDispose]();
    expect(subject.simulated.sessions.open).toBe(0);
  });

  test("an expired session is renewed once, in the middle of a command too", async () => {
    await using subject = await simulatedSubject();
    await subject.controller.powerGet(live);
    subject.simulated.sessions.endAll();
    await subject.controller.powerSet("on", live);
    expect(subject.simulated.sessions).toMatchObject({ made: 2, open: 1 });
  });

  test("a call that is refused again right away is not a matter of sessions", async () => {
    await using subject = await simulatedSubject();
    await subject.controller.powerGet(live);
    subject.simulated.faults.push({ method: "GET", path: /Systems/u, times: 99, does: { status: 401 } });
    await expect(subject.controller.powerGet(live)).rejects.toMatchObject({ code: "forbidden" });
    expect(subject.simulated.sessions.made).toBe(2);
  });

  test("where there is no place for one, user name and password do", async () => {
    await using subject = await simulatedSubject();
    subject.simulated.sessions.most = 0;
    expect(await subject.controller.powerGet(live)).toBe("off");
  });

  test("where there are none, user name and password do", async () => {
    await using subject = await simulatedSubject();
    subject.simulated.hasSessions = false;
    expect(await subject.controller.powerGet(live)).toBe("off");
    await expect(subject.client({ password: "other" }).powerGet(live)).rejects.toMatchObject({ code: "unauthorized" });
  });
});

test("row 29: nothing but the root is read before the login", async () => {
  await using subject = await simulatedSubject();
  await subject.controller.powerGet(live);
  expect(subject.simulated.calls.slice(0, 2)).toMatchObject([
    { method: "GET", path: "/redfish/v1" },
    { method: "POST", path: "/redfish/v1/SessionService/Sessions", status: 201 },
  ]);
});

test("row 30: a password that has to be changed is said, and can be changed", async () => {
  await using subject = await simulatedSubject();
  subject.simulated.state.passwordChange = true;
  await expect(subject.controller.read(live)).rejects.toMatchObject({
    code: "password_change_required",
    message: expect.stringContaining("farrier credential rotate"),
  });
  await subject.controller.passwordSet("a-new-password", live);
  expect(subject.simulated.state).toMatchObject({ password: "a-new-password", passwordChange: false });
  expect(await subject.controller.powerGet(live)).toBe("off");
});

test("row 30: it can be changed where there are no sessions, so that only the first call says so", async () => {
  await using subject = await simulatedSubject();
  subject.simulated.hasSessions = false;
  subject.simulated.state.passwordChange = true;
  await subject.controller.passwordSet("a-new-password", live);
  expect(subject.simulated.state).toMatchObject({ password: "a-new-password", passwordChange: false });
  expect(await subject.controller.powerGet(live)).toBe("off");
});

test.each(["location", "body", "nowhere"] as const)(
  "row 39: a password whose change is a task, found by %s",
  async (mode) => {
    await using subject = await simulatedSubject();
    subject.simulated.tasks.mode = mode;
    await subject.controller.passwordSet("a-new-password", live);
    expect(await subject.controller.powerGet(live)).toBe("off");
  },
);

describe("row 39: a password whose change is a task", () => {
  const monitor = "/redfish/v1/TaskService/TaskMonitors/1";

  test.each([
    ["that the account may not read", { method: "GET", path: /TaskMonitors/u, does: { status: 403, id: "X" } }],
    ["that says that it failed", { method: "GET", path: /TaskMonitors/u, does: { status: 400, id: "X" } }],
    ["that is not answered", { method: "GET", path: /TaskMonitors/u, times: 99, does: "cut" }],
  ] as const)("%s, was changed if it logs in", async (_, fault) => {
    await using subject = await simulatedSubject();
    subject.simulated.tasks.mode = "location";
    subject.simulated.faults.push(fault);
    await subject.controller.passwordSet("a-new-password", live);
    expect(subject.simulated.state.password).toBe("a-new-password");
    expect(await subject.controller.powerGet(live)).toBe("off");
  });

  test.each([
    ["that failed", "fails", 1, "The power supply does not answer.", 1],
    ["that still runs", "location", 1e9, "is still running", 0],
  ] as const)(
    "%s, is not called changed, and the password before is used on",
    async (_, mode, reads, words, refused) => {
      await using subject = await simulatedSubject();
      const { tasks, faults, calls } = subject.simulated;
      tasks.begin(mode, reads, new Date());
      faults.push({ method: "PATCH", does: { status: 202, headers: { location: monitor } } });
      await expect(subject.controller.passwordSet("a-new-password", live)).rejects.toMatchObject({
        code: "not_done",
        message: expect.stringContaining(words),
      });
      expect(await subject.controller.powerGet(live)).toBe("off");
      expect(calls.filter(({ status }) => status === 401)).toHaveLength(refused);
    },
  );
});

describe.each(["location", "body", "nowhere", "job"] as const)("rows 39 to 41: a task that is found by %s", (mode) => {
  test("is followed to its end", async () => {
    await using subject = await simulatedSubject();
    subject.simulated.tasks.mode = mode;
    await subject.controller.powerSet("on", live);
    await subject.controller.bootSet("network", { once: true, signal: live });
    expect(subject.simulated.state.boot.target).toBe("Pxe");
    expect(subject.machine.actions).toEqual(["on"]);
  });
});

test("row 39: a task that fails is the command's failure, in the controller's words", async () => {
  await using subject = await simulatedSubject();
  subject.machine.stuck = true;
  subject.simulated.tasks.mode = "fails";
  await expect(subject.controller.powerSet("on", live)).rejects.toMatchObject({
    code: "refused",
    message: expect.stringContaining("The power supply does not answer."),
  });
});

test.each([
  ["failing, begun long before", "fails", new Date("2026-01-01T00:00:00Z"), 0],
  ["endless, begun long before", "location", new Date("2026-01-01T00:00:00Z"), 0],
  ["failing, begun at the same time", "fails", new Date(), 1],
  ["endless, begun at the same time", "location", new Date(), 1],
] as const)("row 39: somebody else's task, %s, is not taken for the change's", async (_, mode, begun, waited) => {
  await using subject = await simulatedSubject();
  const { tasks, calls } = subject.simulated;
  const id = tasks.begin(mode, mode === "fails" ? 3 : 1e9, begun);
  tasks.mode = "nowhere";
  tasks.reads = 1;
  await subject.controller.powerSet("on", live);
  expect(subject.machine.actions).toEqual(["on"]);
  // It is looked at once among all tasks; only a task that could be the change's is waited for.
  const looks = calls.filter(({ path }) => path.endsWith(`/Tasks/${id}`)).length;
  expect(Math.sign(looks - 1)).toBe(waited);
});

test("row 17: HTTP boot has its URL from the network, so no URL is written", async () => {
  await using subject = await simulatedSubject();
  const bodies = recorded(subject);
  await subject.controller.bootSet("http", { once: true, signal: live });
  expect(subject.simulated.state.boot.target).toBe("UefiHttp");
  expect(bodies.join()).not.toMatch(/HttpBootUri|UrlBootFile|HttpDev/u);
});

test("row 18: boot targets that need an option's name, and must not be continuous, are never used", async () => {
  await using subject = await simulatedSubject({ bootTargets: ["None", "UefiBootNext", "UefiTarget"] });
  expect((await subject.controller.read(live)).bootTargets).toEqual([]);
  await expect(subject.controller.bootSet("network", { once: false, signal: live })).rejects.toMatchObject({
    code: "unsupported",
  });
});

test("row 24: the controller is called by the address that it was added with", async () => {
  await using subject = await simulatedSubject();
  await subject.controller.powerSet("on", live);
  const { host } = new URL(subject.simulated.url);
  const { calls } = subject.simulated;
  expect(new Set(calls.map(({ headers }) => headers.host))).toEqual(new Set([host]));
  expect(calls.some(({ headers }) => "referer" in headers || "origin" in headers)).toBe(false);
});

test("row 27: a change whose answer is held too long is looked at, and not sent again", async () => {
  expect(redfishLimits.change).toBe(180_000);
  await using subject = await simulatedSubject({}, {}, { change: 100 });
  await subject.controller.powerGet(live);
  // It is carried out, and no answer comes.
  subject.simulated.faults.push({ method: "POST", path: /Reset/u, does: "hang" });
  await subject.controller.powerSet("on", live);
  expect(subject.machine.actions).toEqual(["on"]);
});

test("row 37: a slot for DVDs alone takes a CD's image", async () => {
  await using subject = await simulatedSubject();
  const insert = { "#VirtualMedia.InsertMedia": { target: "/redfish/v1/Managers/1/VirtualMedia/Cd/Insert" } };
  const slot = { Id: "Cd", MediaTypes: ["DVD"], Image: null, Inserted: false, Actions: insert };
  subject.simulated.faults.push({ path: /VirtualMedia\/Cd$/u, times: 9, does: { status: 200, body: slot } });
  expect((await subject.controller.read(live)).virtualMedia).toBe(true);
});

test("row 53: the controller's clock is never set", async () => {
  await using subject = await simulatedSubject();
  const { controller, simulated } = subject;
  const bodies = recorded(subject);
  await controller.read(live);
  await controller.powerSet("on", live);
  await controller.bootSet("network", { once: true, signal: live });
  await controller.identify(true, live);
  await controller.health(live);
  const changed = simulated.calls.filter(({ method, path }) => method === "PATCH" && path.includes("/Managers/"));
  expect(changed).toEqual([]);
  expect(bodies.join()).not.toContain("DateTime");
});

/** The bodies of changes, as the client sends them from now on. */
function recorded({ simulated }: SimulatedSubject): readonly string[] {
  const bodies: string[] = [];
  simulated.heard = ({ text }) => bodies.push(text);
  return bodies;
}

test("the plain shape has no rules", async () => {
  await using subject = await simulatedSubject(plainShape);
  expect((await subject.controller.read(live)).rules).toEqual([]);
});
