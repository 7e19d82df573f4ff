// The sources of docs/api.md: the contract's text, the roles, and the examples. See generate.ts.
import { readdir, readFile } from "node:fs/promises";
import type { DescService } from "@bufbuild/protobuf";
import { authorizationRules, methodName, operatorServices } from "../src/operator-api/caller/authorization.ts";
import { audited } from "../src/operator-api/interceptors/audit.ts";
import { apiExamples, type ApiExample } from "./api-examples.ts";

const directory = new URL("../proto/farrier/operator/v1/", import.meta.url);

/** The body of an example as it is sent, and its content type: a stream's messages have a header. */
export function exampleBody(example: ApiExample, stream: boolean): { type: string; body: Buffer } {
  const json = Buffer.from(JSON.stringify(example.request));
  if (!stream) {
    return { type: "application/json", body: json };
  }
  // Connect's envelope: flags, and the length as four bytes, big-endian.
  const head = Buffer.alloc(5);
  head.writeUInt32BE(json.length, 1);
  return { type: "application/connect+json", body: Buffer.concat([head, json]) };
}

function curl(example: ApiExample, stream: boolean): string {
  const json = JSON.stringify(example.request);
  const url = `"$URL/${example.method}"`;
  if (!stream) {
    return `curl -sS ${url} -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\\n  -d '${json}'`;
  }
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(json));
  const head = [0, ...length].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  return (
    `printf '${head}${json}' | curl -sSN ${url} -H "authorization: Bearer $TOKEN" \\\n` +
    `  -H 'content-type: application/connect+json' --data-binary @-`
  );
}

/** The comment above an RPC, and the text of messages, from the contract. */
class Contract {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  comment(rpc: string): string {
    const match = new RegExp(String.raw`((?: *//.*\n)+) *rpc ${rpc}\(`, "u").exec(this.#text);
    return (match?.[1] ?? "").replaceAll(/^ *\/\/ ?/gmu, "").trim();
  }

  message(name: string): string {
    const match = new RegExp(String.raw`^message ${name} \{(?:\}|\n(?:[^}].*\n|\n)*\})`, "mu").exec(this.#text);
    if (match === null) {
      throw new Error(`the contract has no message ${name} where tools/api-docs.ts looks for it`);
    }
    return match[0];
  }
}

/**
 * The text of docs/api.md.
 * @throws {Error} naming RPCs without an example or a role, and examples without an RPC
 */
export async function apiDocs(): Promise<string> {
  const files = (await readdir(directory)).toSorted();
  const contract = new Contract(
    (await Promise.all(files.map((file) => readFile(new URL(file, directory), "utf8")))).join("\n"),
  );
  const services: readonly DescService[] = operatorServices;
  const methods = services.flatMap((service) => service.methods);
  const examples = new Map(apiExamples.map((example) => [example.method, example]));
  const names = methods.map((method) => methodName(method));
  const missing = names.filter((name) => !examples.has(name));
  const unknown = [...examples.keys()].filter((name) => !names.includes(name));
  const unruled = names.filter((name) => authorizationRules[name] === undefined);
  if (missing.length + unknown.length + unruled.length > 0) {
    throw new Error(
      [
        ...unruled.map((name) => `${name} has no least role: add one to src/operator-api/caller/authorization.ts`),
        ...missing.map((name) => `${name} has no example: add one to tools/api-examples.ts`),
        ...unknown.map((name) => `tools/api-examples.ts has an example of ${name}, which is no RPC: take it out`),
      ].join("; "),
    );
  }
  const sections = services.map((service) => {
    const parts = service.methods.map((method) => {
      const name = methodName(method);
      const stream = method.methodKind === "server_streaming";
      const example = examples.get(name);
      return [
        `### ${method.name}`,
        contract.comment(method.name).replaceAll("\n", " "),
        `${leastRole(name)}${audited(method) ? " In the audit." : ""}${stream ? " A stream." : ""}`,
        `\`\`\`sh\n${example === undefined ? "" : curl(example, stream)}\n\`\`\``,
        `\`\`\`proto\n${contract.message(method.input.name)}\n\n${contract.message(method.output.name)}\n\`\`\``,
      ].join("\n\n");
    });
    return [`## ${service.name}`, ...parts].join("\n\n");
  });
  return `${[introduction, ...sections].join("\n\n")}\n`;
}

function leastRole(name: string): string {
  const rule = authorizationRules[name];
  return rule === "anybody" ? "No credential is needed." : `Least role: ${rule}.`;
}

const introduction = `<!-- Written by tools/api-docs.ts from proto/farrier/operator/v1 and tools/api-examples.ts; not to be edited. -->

# The operator API

What operators, the command line and the console call: [Connect](https://connectrpc.com), which is also gRPC-Web, and gRPC where there is TLS.
With curl it is JSON over POST. The contract is in \`proto/farrier/operator/v1/\`; each example below is run by a test, in the order of \`tools/api-examples.ts\`.

\`\`\`sh
URL=$(cat .farrier/operator-address)
TOKEN=$(cat .farrier/operator-token)
\`\`\`

**Requests.** Fields may be written as here (\`requestId\`) or as in the contract (\`request_id\`). 64-bit numbers are strings, bytes are base64. A field that nobody
knows is refused. A message is at most 1 MiB. A machine is named by its UUID or its name.

**Commands** (what changes something) carry \`requestId\`, a UUID made by the caller. The same one with the same body gets its first answer again and is carried out once;
with another body it is refused. So repeat a call whose answer was lost, with the same id.

**Errors** are a status and \`{"code": "…", "message": "…"}\`. The message says which field is wrong, what was expected, and what to do.

| code | HTTP | means |
|---|---|---|
| \`invalid_argument\` | 400 | a field is missing or wrong |
| \`unauthenticated\` | 401 | no valid token or certificate |
| \`permission_denied\` | 403 | the role is not enough |
| \`not_found\` | 404 | no such machine, token, report |
| \`already_exists\` | 409 | a name is taken |
| \`failed_precondition\` | 400 | it can't be done as things stand, or the request id was used for another command |
| \`resource_exhausted\` | 429 | the message is too great, or too many failed attempts |
| \`unavailable\` | 503 | the database is away: try again, a command with the same request id |
| \`internal\` | 500 | a fault; the log has the id that the message names |

A request that reaches no call is answered in the same form: 404 for an unknown path, 405 for another method than POST, 415 for another content type. gRPC and
gRPC-Web clients get HTTP 200 with \`grpc-status\` and \`grpc-message\` instead. The server offers no gRPC reflection: a client such as
grpcurl takes the contract with \`-import-path proto -proto farrier/operator/v1/machine.proto\`.

**Browsers.** A request is refused with 421 unless its Host is one of the server's names: those of its certificate, \`localhost\`, \`127.0.0.1\` and \`[::1]\` on a
loopback address, and each \`--operator-name\`. It is refused with 403 where its Origin is not its own scheme and Host, or its Sec-Fetch-Site is
neither \`same-origin\` nor \`none\`. \`/healthz\` and \`/readyz\` take any.

**Pages.** Lists take \`pageSize\` and answer \`nextPageToken\`, which goes into \`pageToken\` of the next call; an empty one was the last.`;
