import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { operatorUrl } from "../call/access.ts";
import type { ContextAddFlags, ContextFlags } from "../commands/context.ts";
import type { CliContext } from "../context.ts";
import { contextNamed, contextsRead, contextsWrite, type Contexts, type FleetContext } from "../call/contexts.ts";
import { CliError } from "../errors.ts";
import { outputWidth } from "../show/print.ts";
import { table } from "../show/table.ts";

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

/** `farrier context list` */
export async function contextListAction(this: CliContext, flags: ContextFlags): Promise<void> {
  const all = await contextsRead(this.process.env);
  const names = Object.keys(all.contexts);
  if (flags.json === true) {
    const contexts = Object.fromEntries(names.map((name) => [name, shown(contextNamed(all, name))]));
    this.process.stdout.write(`${JSON.stringify({ current: all.current ?? null, contexts }, null, 2)}\n`);
    return;
  }
  if (names.length === 0) {
    this.process.stderr.write("no contexts: `farrier context add --help` says how to make one\n");
    return;
  }
  const rows = names.map((name) => {
    const { url, ...rest } = shown(contextNamed(all, name));
    return [name === all.current ? "*" : "", name, url, Object.keys(rest).join(", ")];
  });
  this.process.stdout.write(table(["USED", "NAME", "URL", "WITH"], rows, { width: outputWidth(this) }));
}

/** `farrier context show` */
export async function contextShowAction(this: CliContext, flags: ContextFlags, named?: string): Promise<void> {
  const all = await contextsRead(this.process.env);
  const name = named ?? (this.process.env["FARRIER_CONTEXT"] || all.current);
  if (name === undefined) {
    throw new CliError(
      "failed",
      "no context is in use: `farrier context list` shows those to choose from, `farrier context use --help` says how",
    );
  }
  const context = { name, ...shown(contextNamed(all, name)) };
  this.process.stdout.write(
    flags.json === true
      ? `${JSON.stringify(context, null, 2)}\n`
      : Object.entries(context)
          .map(([key, value]) => `${key.padEnd(9)}  ${value}\n`)
          .join(""),
  );
}

/** Returns the context without its secret. */
function shown({ token, ...context }: FleetContext): FleetContext {
  return token === undefined ? context : { ...context, token: "(kept in contexts.json)" };
}

/** `farrier context use` */
export async function contextUseAction(this: CliContext, _flags: unknown, name: string): Promise<void> {
  const contexts = await contextsRead(this.process.env);
  const { url } = contextNamed(contexts, name);
  await contextsWrite(this.process.env, { ...contexts, current: name });
  this.process.stdout.write(`commands go to ${name} (${url}), unless they say otherwise\n`);
}

/** `farrier context remove` */
export async function contextRemoveAction(this: CliContext, _flags: unknown, name: string): Promise<void> {
  const { current, contexts } = await contextsRead(this.process.env);
  contextNamed({ contexts }, name);
  const left: Contexts = { contexts: Object.fromEntries(Object.entries(contexts).filter(([other]) => other !== name)) };
  await contextsWrite(this.process.env, current === undefined || current === name ? left : { ...left, current });
  this.process.stdout.write(`context ${name} removed\n`);
}
