import { expect, test } from "vitest";
import { ControllerError } from "../controller.ts";
import { MemoryMachine } from "../simulated/machine.ts";
import { plainShape } from "../simulated/shape.ts";
import { SimulatedController } from "../simulated/simulated-controller.ts";
import { simulatedSubject } from "../testing/simulated-subject.ts";
import { UsedPasswords } from "../used-passwords.ts";
import { redfishController } from "./redfish-controller.ts";

const live = new AbortController().signal;
const quick = { read: 100, change: 100 };

async function failure(action: () => Promise<unknown>): Promise<ControllerError> {
  const error = await action().then(
    () => "it did not fail",
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ControllerError);
  return error as ControllerError;
}

test("a password that is wrong is sent once, for controllers lock accounts", async () => {
  await using subject = await simulatedSubject();
  const client = subject.client({ password: "wrong-one" });
  const calls = [client.read(live), client.powerGet(live), client.powerSet("on", live), client.health(live)];
  const codes = (await Promise.allSettled(calls)).map((one) => one.status === "rejected" && one.reason.code);
  expect(codes).toEqual(calls.map(() => "unauthorized"));
  expect(subject.simulated.calls.filter(({ status }) => status === 401)).toHaveLength(1);
});

test("a password that is changed meanwhile is not tried again and again", async () => {
  await using subject = await simulatedSubject();
  await subject.controller.powerGet(live);
  subject.simulated.state.password = "changed-by-somebody";
  subject.simulated.sessions.endAll();
  for (let times = 0; times < 3; times += 1) {
    expect((await failure(() => subject.controller.powerGet(live))).code).toBe("unauthorized");
  }
  const logins = subject.simulated.calls.filter(({ method, path }) => method === "POST" && path.endsWith("Sessions"));
  expect(logins.map(({ status }) => status)).toEqual([201, 401]);
});

test("what is no controller is told from one", async () => {
  await using subject = await simulatedSubject();
  subject.simulated.faults.push({ path: /v1$/u, does: "no-json" });
  expect(await failure(() => subject.controller.read(live))).toMatchObject({
    code: "not_a_controller",
    message: expect.stringContaining("is no Redfish service"),
  });
  subject.simulated.faults.push({ path: /v1$/u, does: { status: 404 } });
  expect((await failure(() => subject.controller.read(live))).code).toBe("not_a_controller");
  // A web page is served instead of a resource.
  subject.simulated.faults.push({ path: /Systems$/u, does: "no-json" });
  expect((await failure(() => subject.controller.read(live))).code).toBe("answer_invalid");
  expect(await subject.controller.powerGet(live)).toBe("off");
});

test("an answer of 100 MB is refused after 4 MiB", async () => {
  await using subject = await simulatedSubject();
  await subject.controller.powerGet(live);
  subject.simulated.faults.push({ path: /Systems/u, does: "huge" });
  expect(await failure(() => subject.controller.powerGet(live))).toMatchObject({
    code: "answer_invalid",
    message: expect.stringContaining("more than 4 MiB"),
  });
  expect(await subject.controller.powerGet(live)).toBe("off");
});

test("a link to another host is not followed, wherever it stands", async () => {
  await using subject = await simulatedSubject();
  const elsewhere = "https://203.0.113.9/redfish/v1/Systems/1";
  const places = [
    { path: /Systems$/u, does: "foreign-link" },
    { path: /Systems$/u, does: { status: 302, headers: { location: elsewhere } } },
    { path: /Systems$/u, does: { status: 200, body: { Members: [{ "@odata.id": "//203.0.113.9/x" }] } } },
    { path: /Systems$/u, does: { status: 200, body: { Members: [], "Members@odata.nextLink": elsewhere } } },
    { path: /Systems$/u, does: { status: 200, body: { Members: [{ "@odata.id": "file:///etc/passwd" }] } } },
  ] as const;
  for (const place of places) {
    subject.simulated.faults.push(place);
    expect(await failure(() => subject.client().read(live))).toMatchObject({
      code: "answer_invalid",
      message: expect.stringContaining("a link to another host"),
    });
  }
});

test.each([200, 201, 202, 204])(
  "a change that is answered with %d and a Location on another host is done all the same",
  async (status) => {
    await using subject = await simulatedSubject();
    const { faults, calls } = subject.simulated;
    await subject.controller.powerGet(live);
    const location = "https://203.0.113.9/redfish/v1/TaskService/Tasks/1";
    // The controller carries it out, and answers so.
    await subject.machine.powerSet("on");
    faults.push({ method: "GET", path: /Systems\/1$/u, does: { status: 200, body: { PowerState: "Off" } } });
    faults.push({ method: "POST", path: /Reset/u, does: { status, headers: { location } } });
    await subject.controller.powerSet("on", live);
    expect(subject.machine.actions).toEqual(["on"]);
    expect(calls.some(({ path }) => path.includes("203.0.113.9"))).toBe(false);
  },
);

test("a session whose link leads elsewhere is used, and ended by the link in its body, if there is one", async () => {
  await using subject = await simulatedSubject();
  const { sessions, calls, faults } = subject.simulated;
  const headers = { location: "https://203.0.113.9/redfish/v1/SessionService/Sessions/1" };
  const { token = "", id } = sessions.make() ?? {};
  const link = { "@odata.id": `/redfish/v1/SessionService/Sessions/${id}` };
  const made = { status: 201, headers: { ...headers, "x-auth-token": token }, body: link };
  faults.push({ method: "POST", path: /Sessions$/u, does: made });
  const client = subject.client();
  expect(await client.powerGet(live)).toBe("off");
  await client[Symbol.asyncDispose]();
  expect(sessions.open).toBe(0);
  expect(calls.at(-1)).toMatchObject({ method: "DELETE", status: 204 });
});

test("a redirect on its own origin is followed, a circle of them is not for ever", async () => {
  await using subject = await simulatedSubject();
  const to = (path: string) => ({ status: 308, headers: { location: path } });
  subject.simulated.faults.push({ path: /Systems$/u, does: to("/redfish/v1/Systems/") });
  expect(await subject.controller.powerGet(live)).toBe("off");
  subject.simulated.faults.push({ path: /Systems\/1$/u, times: 99, does: to("/redfish/v1/Systems/1") });
  await failure(() => subject.controller.powerGet(live));
  expect(subject.simulated.calls.length).toBeLessThan(20);
});

test("a collection whose pages never end is read to a bounded page", async () => {
  await using subject = await simulatedSubject();
  const { calls, faults } = subject.simulated;
  const systems = "/redfish/v1/Systems";
  faults.push(
    ...Array.from({ length: 40 }, (_, page) => {
      const body = { Members: [], "Members@odata.nextLink": `${systems}?$skip=${page}` };
      return { path: /Systems$/u, does: { status: 200, body } };
    }),
  );
  expect((await failure(() => subject.controller.powerGet(live))).code).toBe("not_a_controller");
  expect(calls.filter(({ path }) => path === systems)).toHaveLength(16);
});

test("a missing answer, and an answer that breaks off, are unreachable", async () => {
  await using subject = await simulatedSubject({}, {}, { ...quick, reading: { first: 1, most: 1, total: 2 } });
  await subject.controller.powerGet(live);
  subject.simulated.faults.push({ path: /Systems/u, times: 9, does: "hang" });
  expect(await failure(() => subject.controller.powerGet(live))).toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("did not answer GET /redfish/v1/Systems/1 within 0.1 s"),
  });
  subject.simulated.faults.splice(0);
  subject.simulated.faults.push({ path: /Systems/u, times: 9, does: "half" });
  expect((await failure(() => subject.controller.powerGet(live))).code).toBe("unreachable");
});

test("a controller that restarts in a command is waited for", async () => {
  await using subject = await simulatedSubject();
  await subject.controller.powerGet(live);
  subject.simulated.faults.push(
    { method: "POST", path: /Reset/u, does: "cut" },
    { method: "GET", times: 4, does: "cut" },
    { method: "GET", times: 2, does: { status: 503 } },
    { method: "POST", path: /Sessions/u, does: { status: 503 } },
  );
  subject.simulated.restart();
  await subject.controller.powerSet("on", live);
  expect(subject.machine.actions).toEqual(["on"]);
});

test("where nothing listens is unreachable at once", async () => {
  const simulated = await SimulatedController.start({ shape: plainShape, machine: new MemoryMachine() });
  const { url } = simulated;
  await simulated[Symbol.asyncDispose]();
  await using controller = redfishController(
    { url, trust: { by: "clear-text" } },
    { userName: "admin", password: "simulated", mayReach: () => true },
  );
  expect(await failure(() => controller.read(live))).toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("nothing listens there"),
  });
});

test("a read-only account is told from an account that may control", async () => {
  await using subject = await simulatedSubject();
  expect((await subject.controller.read(live)).mayControl).toBe(true);
  subject.simulated.state.readOnly = true;
  expect((await subject.controller.read(live)).mayControl).toBe(false);
  expect(await failure(() => subject.controller.powerSet("on", live))).toMatchObject({
    code: "forbidden",
    message: expect.stringContaining("the account's rights do not suffice"),
  });
});

test("a command whose caller goes ends at once", async () => {
  await using subject = await simulatedSubject({}, {}, quick);
  subject.machine.stuck = true;
  const leaving = new AbortController();
  const sleep = subject.clock.sleep;
  subject.clock.sleep = (milliseconds, signal) => {
    leaving.abort(new Error("the caller has gone"));
    return sleep(milliseconds, signal);
  };
  await expect(subject.controller.powerSet("on", leaving.signal)).rejects.toThrow("the caller has gone");
});

test("one change and two reads are under way at a time", async () => {
  await using subject = await simulatedSubject();
  await subject.controller.powerGet(live);
  let reading = 0;
  let most = 0;
  const { machine } = subject;
  const read = machine.powerGet.bind(machine);
  machine.powerGet = async () => {
    reading += 1;
    most = Math.max(most, reading);
    await new Promise((resolve) => setImmediate(resolve));
    reading -= 1;
    return read();
  };
  await Promise.all([
    ...Array.from({ length: 8 }, () => subject.controller.health(live)),
    subject.controller.powerSet("on", live),
    subject.controller.powerSet("reset", live),
  ]);
  expect(machine.actions).toEqual(["on", "reset"]);
  expect(most).toBeLessThanOrEqual(3);
});

test("no secret is in an error, though the controller repeats it", async () => {
  await using subject = await simulatedSubject();
  const secret = "pw-7";
  const error = await failure(() => subject.controller.passwordSet(secret, live));
  expect(error).toMatchObject({ code: "refused", message: expect.stringContaining("[secret] is too short") });
  const echo = { status: 400, id: "X", message: "admin:simulated YWRtaW46c2ltdWxhdGVk" };
  subject.simulated.faults.push({ method: "POST", path: /Reset/u, does: echo });
  const other = await failure(() => subject.controller.powerSet("on", live));
  for (const text of [String(error), error.stack, String(other), other.stack, JSON.stringify(other)]) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain("simulated ");
    expect(text).not.toContain("YWRtaW46c2ltdWxhdGVk");
  }
});

test.each<[string, (secret: string) => string]>([
  ["as it is", (secret) => secret],
  ["in JSON", (secret) => JSON.stringify(secret)],
  ["in a URL", (secret) => encodeURIComponent(secret)],
  ["in base64", (secret) => Buffer.from(secret).toString("base64")],
  ["in base64 with the user name", (secret) => Buffer.from(`admin:${secret}`).toString("base64")],
])("a secret %s is removed before the text is cut, wherever the cut is", async (_what, form) => {
  await using subject = await simulatedSubject();
  const secret = 'ch"ng\\d and/long';
  for (const length of [370, 380, 390, 395, 399]) {
    const message = `${"x".repeat(length)} ${form(secret)}`;
    subject.simulated.faults.push({ method: "PATCH", does: { status: 400, id: "X", message } });
    const error = await failure(() => subject.client().passwordSet(secret, live));
    expect(error).toMatchObject({ code: "refused", message: expect.stringContaining("xxxx") });
    for (const part of ['ch"n', "ch%2", Buffer.from(secret).toString("base64").slice(0, 4), "YWRtaW46"]) {
      expect(`${String(error)} ${error.stack}`).not.toContain(part);
    }
  }
});

test("passwords that were replaced or refused are removed too, also by a client that is opened later", async () => {
  await using subject = await simulatedSubject();
  const used = new UsedPasswords();
  const { faults } = subject.simulated;
  await subject.client({ used }).passwordSet("the-second-one", live);
  const second = subject.client({ used, password: "the-second-one" });
  await second.passwordSet("the-third-one", live);
  faults.push({ method: "PATCH", does: { status: 400, id: "X", message: "in a dictionary" } });
  await failure(() => second.passwordSet("the-refused-one", live));
  const all = ["simulated", "the-second-one", "the-third-one", "the-refused-one"];
  const message = all.flatMap((one) => [one, Buffer.from(`admin:${one}`).toString("base64")]).join(" ");
  faults.push({ method: "POST", path: /Reset/u, does: { status: 400, id: "X", message } });
  const error = await failure(() => subject.client({ used, password: "the-third-one" }).powerSet("on", live));
  expect(error.message).toContain(all.map(() => "[secret] [secret]").join(" "));
});

test("a controller that says the password as its model or in its event log is not quoted", async () => {
  await using subject = await simulatedSubject({ model: "simulated Z" });
  subject.simulated.state.events.push({ at: new Date(), severity: "OK", text: "login with simulated" });
  expect(await subject.controller.read(live)).toMatchObject({ model: "[secret] Z" });
  // Removed before the text is cut.
  await using long = await simulatedSubject({ model: `${"x".repeat(115)}simulated` });
  expect((await long.controller.read(live)).model).toBe(`${"x".repeat(115)}[secr`);
  expect(JSON.stringify(await subject.controller.health(live))).not.toContain("simulated");
});

test("the lengths of passwords are read, also by an account that must change its password", async () => {
  await using subject = await simulatedSubject();
  expect(await subject.controller.passwordLimits(live)).toEqual({ min: 8, max: 20 });
  subject.simulated.state.passwordChange = true;
  await using other = subject.client();
  expect(await other.passwordLimits(live)).toEqual({});
  expect((await failure(() => subject.client({ password: "wrong-one" }).passwordLimits(live))).code).toBe(
    "unauthorized",
  );
});

test("a password that was accepted, and does not log in, is not called changed", async () => {
  await using subject = await simulatedSubject();
  subject.simulated.faults.push({ method: "PATCH", does: { status: 204 } });
  const error = await failure(() => subject.controller.passwordSet("another-one", live));
  expect(error).toMatchObject({ code: "not_done", message: expect.stringContaining("accepted a new password") });
  expect(String(error)).not.toContain("another-one");
  // The client goes on with the password that is the right one.
  expect(await subject.controller.powerGet(live)).toBe("off");
});

test("the password is changed, and the next call uses the new one", async () => {
  await using subject = await simulatedSubject();
  await subject.controller.powerGet(live);
  await subject.controller.passwordSet("another-one", live);
  expect(await subject.controller.powerGet(live)).toBe("off");
  expect(subject.simulated.sessions.open).toBe(1);
  await using old = subject.client();
  expect((await failure(() => old.powerGet(live))).code).toBe("unauthorized");
});

test("IPv6 and TLS: a certificate that was replaced gets nothing", async () => {
  await using subject = await simulatedSubject({}, { host: "::1" });
  expect(subject.simulated.url).toMatch(/^http:\/\/\[::1\]:/u);
  expect(await subject.controller.powerGet(live)).toBe("off");
});
