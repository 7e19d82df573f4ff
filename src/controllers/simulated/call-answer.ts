import { errorAnswer, type SimulatedAnswer } from "./answer.ts";
import { bootPatch } from "./boot-patch.ts";
import type { SimulatedCall, SimulatedParts } from "./call.ts";
import { etagRefusal, simulatedEtag } from "./etag.ts";
import { mediaAnswer } from "./media.ts";
import { resetAnswer } from "./reset.ts";
import type { SimulatedState } from "./state.ts";
import { resourceTree } from "./tree.ts";
import { treePaths } from "./tree-paths.ts";
import { callerOf, sessionsAnswer, sessionsPath, sessionsRead } from "./login.ts";
import { isFixed } from "./protocol.ts";

const powerWords = { on: "On", off: "Off", "powering-on": "PoweringOn", "powering-off": "PoweringOff" } as const;

/** Carries out a call and returns its answer. */
export async function callAnswer(parts: SimulatedParts, call: SimulatedCall): Promise<SimulatedAnswer> {
  const { state, tasks, etags } = parts;
  const paths = treePaths(state);
  const power = powerWords[await state.machine.powerGet()];
  const tree = resourceTree(state, power);
  const root = tree.get("/redfish/v1") ?? {};
  if (call.path === "/redfish/v1" && call.method === "GET") {
    return { status: 200, body: parts.hasSessions ? root : { ...root, Links: {}, SessionService: undefined } };
  }
  if (
    (call.path === sessionsPath || call.path === `${sessionsPath}/Members`) &&
    call.method === "POST" &&
    parts.hasSessions
  ) {
    return sessionsAnswer(parts, call, paths.account);
  }
  if (!callerOf(parts, call)) {
    return errorAnswer(401, "NoValidSession", "There is no valid session.");
  }
  const session = /^\/redfish\/v1\/SessionService\/Sessions\/(?<id>\d+)$/u.exec(call.path)?.groups?.["id"];
  if (session !== undefined && call.method === "DELETE") {
    return { status: parts.sessions.end(session) ? 204 : 404 };
  }
  if (call.method === "GET" && parts.hasSessions && call.path.startsWith(sessionsPath)) {
    return sessionsRead(parts, call.path);
  }
  if (state.passwordChange && call.path !== paths.account) {
    return errorAnswer(403, "PasswordChangeRequired", "The password has to be changed.", [paths.account]);
  }
  const body = tree.get(call.path);
  if (call.method === "GET") {
    const task = tasks.get(call.path);
    if (body === undefined) {
      return task ?? errorAnswer(404, "ResourceMissingAtURI", `There is nothing at ${call.path}.`);
    }
    const etag = simulatedEtag(etags, body);
    return { status: 200, body, ...(etag === undefined ? {} : { headers: { etag } }) };
  }
  if (state.readOnly && call.path !== paths.account) {
    return errorAnswer(403, "InsufficientPrivilege", "The account's privileges do not suffice.");
  }
  const json = jsonOf(call.text);
  if (json === undefined) {
    return errorAnswer(400, "MalformedJSON", "The body is no JSON object.");
  }
  if (call.method === "POST" && call.path === paths.reset) {
    return tasks.accept(await resetAnswer(state, json["ResetType"], power, new Date()));
  }
  const media = await mediaAnswer(state, call, json);
  if (media !== undefined) {
    return tasks.accept(media);
  }
  if (call.method !== "PATCH" || body === undefined || isFixed(call.path)) {
    return errorAnswer(405, "OperationNotAllowed", `${call.method} is not possible at ${call.path}.`);
  }
  const refusal = etagRefusal(etags, body, call.headers["if-match"]);
  return refusal ?? tasks.accept(await patchAnswer(state, call.path, json));
}

async function patchAnswer(
  state: SimulatedState,
  path: string,
  json: Readonly<Record<string, unknown>>,
): Promise<SimulatedAnswer> {
  const paths = treePaths(state);
  const boot = json["Boot"];
  const order: unknown = (boot as { BootOrder?: unknown } | undefined)?.BootOrder;
  if (Array.isArray(order) && path === `${paths.system}/${state.shape.bootOrder?.under}`) {
    state.bootOrder = order.map(String);
    return { status: 200, body: {} };
  }
  if (typeof boot === "object" && boot !== null) {
    if (path !== (paths.settings ?? paths.system)) {
      return errorAnswer(400, "PropertyNotWritable", "The property Boot can't be changed here.");
    }
    return bootPatch(state, boot as Readonly<Record<string, unknown>>);
  }
  const light = path === (state.shape.light === "chassis" ? paths.chassis : paths.system);
  const active = json["LocationIndicatorActive"];
  if (light && state.shape.light === "location" && typeof active === "boolean") {
    state.lit = active;
    return { status: 204 };
  }
  const led = json["IndicatorLED"];
  if (light && typeof led === "string" && state.shape.light !== "location" && state.shape.light !== undefined) {
    state.lit = led !== "Off";
    return { status: 200, body: {} };
  }
  const password = json["Password"];
  if (path === paths.account && typeof password === "string") {
    const { min, max } = state.passwordLength;
    if (password.length < min || password.length > max) {
      const wrong = password.length < min ? "short" : "long";
      return errorAnswer(400, "PropertyValueFormatError", `The password ${password} is too ${wrong}.`);
    }
    state.password = password;
    state.passwordChange = false;
    // Before the answer: a caller who was answered finds the new password, whatever ends the process.
    await state.passwordChanged(password);
    return { status: 204 };
  }
  return errorAnswer(400, "PropertyUnknown", "The property is not known.");
}

function jsonOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text === "" ? "{}" : text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
