import { errorAnswer, type SimulatedAnswer } from "./answer.ts";
import type { SimulatedCall } from "./call.ts";

/** The methods that a service knows (DSP0266, 6.2). */
const methods = ["GET", "HEAD", "POST", "PATCH", "DELETE"];

/** Answers what belongs to the protocol and to no resource (DSP0266, 6.4 and 8.4); undefined = it is a resource's call. */
export function protocolAnswer({ method, path, headers }: SimulatedCall): SimulatedAnswer | undefined {
  const version = headers["odata-version"];
  if (version !== undefined && version !== "4.0") {
    return errorAnswer(412, "PreconditionFailed", "Only OData version 4.0 is known.");
  }
  if (!methods.includes(method)) {
    return errorAnswer(405, "OperationNotAllowed", `${method} is no method of Redfish.`);
  }
  if (method !== "GET") {
    return undefined;
  }
  switch (path) {
    case "/redfish":
      return { status: 200, body: { v1: "/redfish/v1/" } };
    case "/redfish/v1/odata":
      return {
        status: 200,
        body: {
          "@odata.context": "/redfish/v1/$metadata",
          value: ["Systems", "Managers", "Chassis", "AccountService", "SessionService", "TaskService"].map((name) => ({
            name,
            kind: "Singleton",
            url: `/redfish/v1/${name}`,
          })),
        },
      };
    default:
      return undefined;
  }
}

/** Adds the headers that every answer has (DSP0266, 8.2). */
export function withProtocolHeaders({ method, path }: SimulatedCall, answer: SimulatedAnswer): SimulatedAnswer {
  const { status, headers, body } = answer;
  const type = typeof body === "object" && body !== null && "@odata.type" in body ? String(body["@odata.type"]) : "";
  const [schema] = type.replace("#", "").split(".");
  return {
    ...answer,
    headers: {
      "cache-control": "no-cache",
      ...(method === "GET" || status === 405 ? { allow: allowed(path) } : {}),
      ...(status === 401 ? { "www-authenticate": 'Basic realm="Redfish"' } : {}),
      ...(schema === "" || method !== "GET"
        ? {}
        : { link: `</redfish/v1/JsonSchemas/${schema}/${schema}.json>; rel=describedby` }),
      ...headers,
    },
  };
}

function allowed(path: string): string {
  if (/\/Actions\//u.test(path)) {
    return "POST";
  }
  if (/\/Sessions\/\d+$/u.test(path)) {
    return "GET, HEAD, DELETE";
  }
  if (path.endsWith("/Sessions")) {
    return "GET, HEAD, POST";
  }
  return isFixed(path) ? "GET, HEAD" : "GET, HEAD, PATCH";
}

/** Whether the path is of a resource that nobody can change: the root, and collections. */
export function isFixed(path: string): boolean {
  return /^\/redfish\/v1(?:\/(?:odata|Systems|Managers|Chassis|AccountService(?:\/(?:Accounts|Roles))?|SessionService))?$/u.test(
    path,
  );
}
