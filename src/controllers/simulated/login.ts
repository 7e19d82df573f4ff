import { createHash, timingSafeEqual } from "node:crypto";
import { errorAnswer, type SimulatedAnswer } from "./answer.ts";
import type { SimulatedCall, SimulatedParts } from "./call.ts";

/** The collection of sessions. */
export const sessionsPath = "/redfish/v1/SessionService/Sessions";

/** The collection of sessions, or one of them. */
export function sessionsRead(
  { state, sessions }: Pick<SimulatedParts, "state" | "sessions">,
  path: string,
): SimulatedAnswer {
  const ids = sessions.ids.filter(() => sessions.open > 0);
  if (path === sessionsPath) {
    const members = ids.map((id) => ({ "@odata.id": `${sessionsPath}/${id}` }));
    const type = "#SessionCollection.SessionCollection";
    return {
      status: 200,
      body: {
        ...{ "@odata.id": sessionsPath, "@odata.type": type, Name: "Sessions" },
        ...{ "Members@odata.count": members.length, Members: members },
      },
    };
  }
  const id = ids.find((one) => path === `${sessionsPath}/${one}`);
  return id === undefined
    ? errorAnswer(404, "ResourceMissingAtURI", `There is nothing at ${path}.`)
    : { status: 200, body: sessionBody(id, state.userName) };
}

function sessionBody(id: string, userName: string): Record<string, unknown> {
  return {
    "@odata.id": `${sessionsPath}/${id}`,
    "@odata.type": "#Session.v1_3_0.Session",
    Id: id,
    Name: `Session ${id}`,
    UserName: userName,
    Password: null,
  };
}

/** Answers a login. */
export function sessionsAnswer(
  { state, sessions }: Pick<SimulatedParts, "state" | "sessions">,
  call: Pick<SimulatedCall, "text">,
  account: string,
): SimulatedAnswer {
  const given = loginOf(call.text);
  if (!same(given.userName, state.userName) || !same(given.password, state.password)) {
    return errorAnswer(401, "ResourceAtUriUnauthorized", "The user name or the password is wrong.");
  }
  const session = sessions.make();
  if (session === undefined) {
    return errorAnswer(503, "SessionLimitExceeded", "There are too many sessions.");
  }
  const link = `/redfish/v1/SessionService/Sessions/${session.id}`;
  const change = {
    MessageId: "Base.1.8.PasswordChangeRequired",
    Message: "The password has to be changed.",
    MessageArgs: [account],
  };
  return {
    status: 201,
    headers: { "x-auth-token": session.token, location: link },
    body: {
      ...sessionBody(session.id, state.userName),
      ...(state.passwordChange ? { "@Message.ExtendedInfo": [change] } : {}),
    },
  };
}

/** Whether a call is authorized, by session or by user name and password. */
export function callerOf(
  { state, sessions }: Pick<SimulatedParts, "state" | "sessions">,
  call: SimulatedCall,
): boolean {
  const token = call.headers["x-auth-token"];
  if (typeof token === "string") {
    return sessions.use(token);
  }
  const basic = /^Basic (?<pair>\S+)$/u.exec(call.headers.authorization ?? "")?.groups?.["pair"];
  return (
    basic !== undefined && same(Buffer.from(basic, "base64").toString("utf8"), `${state.userName}:${state.password}`)
  );
}

function loginOf(text: string): { userName: string; password: string } {
  try {
    const body = JSON.parse(text) as { UserName?: unknown; Password?: unknown };
    return { userName: String(body.UserName), password: String(body.Password) };
  } catch {
    return { userName: "", password: "" };
  }
}

/** Compares in constant time, so that the duration does not reveal how many characters were right. */
function same(one: string, other: string): boolean {
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}
