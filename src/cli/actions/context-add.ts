import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { operatorUrl } from "../call/access.ts";
import { contextsRead, contextsWrite, type FleetContext } from "../call/contexts.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";

/** Flags of `farrier context add`. */
export interface ContextAddFlags {
  url: string;
  tokenFile: string | undefined;
  tokenStdin: boolean | undefined;
  ca: string | undefined;
  cert: string | undefined;
  key: string | undefined;
  use: boolean | undefined;
  replace: boolean | undefined;
  debug: boolean | undefined;
}

/** `farrier context add` */
export async function contextAddAction(this: CliContext, flags: ContextAddFlags, name: string): Promise<void> {
  const { tokenFile, ca, cert, key } = flags;
  if (!/^[\w.@-]{1,63}$/u.test(name) || name === "__proto__") {
    throw new CliError("usage", `"${name}" can't be a context's name: expected letters, digits and "._@-", at most 63`);
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new CliError("usage", "--cert and --key go together: give both, or none");
  }
  if (tokenFile !== undefined && flags.tokenStdin === true) {
    throw new CliError("usage", "--token-file and --token-stdin contradict each other: give one of them");
  }
  if (tokenFile === undefined && flags.tokenStdin !== true && cert === undefined) {
    throw new CliError("usage", "no credential is named: give --token-file, --token-stdin, or --cert and --key");
  }
  const url = operatorUrl(flags.url);
  if (cert !== undefined && !url.startsWith("https:")) {
    throw new CliError("usage", `--cert works over TLS only, but ${url} is http: expected an https URL`);
  }
  const contexts = await contextsRead(this.process.env);
  if (Object.hasOwn(contexts.contexts, name) && flags.replace !== true) {
    throw new CliError("failed", `context "${name}" exists already: replace it with --replace`);
  }
  const context: FleetContext = { url };
  if (tokenFile !== undefined) {
    context.tokenFile = resolve(tokenFile);
  }
  if (flags.tokenStdin === true) {
    context.token = await tokenFromStdin();
  }
  if (ca !== undefined) {
    context.caFile = resolve(ca);
  }
  if (cert !== undefined && key !== undefined) {
    context.certFile = resolve(cert);
    context.keyFile = resolve(key);
  }
  contexts.contexts[name] = context;
  if (flags.use === true) {
    contexts.current = name;
  }
  await contextsWrite(this.process.env, contexts);
  const used = contexts.current === name ? ", in use" : `; \`farrier context use ${name}\` uses it`;
  this.process.stdout.write(`context ${name} added${used}\n`);
}

async function tokenFromStdin(): Promise<string> {
  const token = (await text(process.stdin)).trim();
  if (!/^[\x21-\x7e]{1,512}$/u.test(token)) {
    throw new CliError("usage", "--token-stdin: standard input holds no token: expected it alone, on one line");
  }
  return token;
}
