import { Primary } from "../primary/primary.ts";
import type { DatabaseHost, UrlAddress } from "./database-address.ts";
import { AddressError } from "./errors.ts";
import { tlsOf } from "./tls-mode.ts";

const example = "postgresql://user:password@host:5432/farrier";
const defaultPort = 5432;

/** Parameters that have an effect. */
const known = new Set(
  "host port user password dbname options target_session_attrs channel_binding sslmode sslrootcert sslcert sslkey ssl".split(
    " ",
  ),
);

/** libpq parameters that have no effect: Farrier names its connections itself, and has its own limits for them. */
const ignored = new Set(
  (
    "application_name fallback_application_name client_encoding connect_timeout keepalives keepalives_idle " +
    "keepalives_interval keepalives_count tcp_user_timeout gssencmode uselibpqcompat"
  ).split(" "),
);

/**
 * Parses a connection URL like libpq: several hosts separated by commas, IPv6 addresses in brackets, Unix sockets
 * percent-encoded or as `?host=`, parameters.
 * @throws {AddressError} naming the fault without the URL itself, which may hold a password
 */
export function databaseUrlRead(
  url: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): UrlAddress {
  // The user info ends at the last @ before the path; so a password may contain @, but not / ? or #.
  const match =
    /^postgres(?:ql)?:\/\/(?:(?<userinfo>[^/?#]*)@)?(?<hosts>[^/?#@]*)(?:\/(?<database>[^?#]*))?(?:\?(?<query>[^#]*))?$/u.exec(
      url,
    );
  // An @ after the host can only end a password that contains / or ?; the error must not repeat any of it.
  const split = match?.groups?.["userinfo"] === undefined && /[/?].*@/u.test(url.replace(/^[^:]*:\/\//u, ""));
  if (match?.groups === undefined || split) {
    throw new AddressError(
      `the database's URL can't be read: expected one such as ${example}; in a user or password write / as %2F, ? as %3F, ` +
        "# as %23, @ as %40 and % as %25",
    );
  }
  const { userinfo, hosts = "", database = "", query = "" } = match.groups;
  const parameters = parametersOf(query);
  const colon = userinfo?.indexOf(":") ?? -1;
  const user =
    parameters.get("user") ?? decode(colon < 0 ? (userinfo ?? "") : (userinfo ?? "").slice(0, colon), "user");
  const password =
    parameters.get("password") ?? (colon < 0 ? "" : decode((userinfo ?? "").slice(colon + 1), "password"));
  const name = parameters.get("dbname") ?? decode(database, "database's name");
  const places = hostsOf(hosts, parameters, env);
  const options = parameters.get("options");
  const address: UrlAddress = {
    hosts: places,
    ...(user === "" ? {} : { user }),
    ...(password === "" ? {} : { password }),
    ...(name === "" ? {} : { database: name }),
    ...(options === undefined || options === "" ? {} : { options }),
    ssl: tlsOf(parameters, env),
    channelBinding: channelBinding(parameters.get("channel_binding")),
  };
  return primaryWanted(places, parameters.get("target_session_attrs"))
    ? { ...address, primary: new Primary(address) }
    : address;
}

function parametersOf(query: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of query.split("&").filter((each) => each !== "")) {
    const equals = part.indexOf("=");
    const name = decode(equals < 0 ? part : part.slice(0, equals), "parameters");
    if (ignored.has(name)) {
      continue;
    }
    if (!known.has(name)) {
      throw new AddressError(
        `the parameter ${JSON.stringify(name)} in the database's URL is not known: expected some of ${[...known].join(", ")}`,
      );
    }
    parameters.set(name, equals < 0 ? "" : decode(part.slice(equals + 1), "parameters"));
  }
  return parameters;
}

function hostsOf(
  authority: string,
  parameters: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string | undefined>>,
): UrlAddress["hosts"] {
  const named = parameters.get("host");
  const pairs =
    named === undefined
      ? authority.split(",").map((part) => hostAndPort(part))
      : named.split(",").map((host): [string, string] => [host, ""]);
  const ports = parameters.get("port")?.split(",");
  if (ports !== undefined && ports.length > 1 && ports.length !== pairs.length) {
    throw new AddressError(
      `the database's URL names ${pairs.length} hosts and ${ports.length} ports: expected one port for all, or one each`,
    );
  }
  const places = pairs.map(([host, port], index): DatabaseHost => ({
    host: host === "" ? (env["PGHOST"] ?? "localhost") : host,
    port: portOf(port === "" ? (ports?.[index] ?? ports?.[0] ?? "") : port, env),
  }));
  const [first, ...rest] = places;
  if (first === undefined) {
    throw new AddressError(`the database's URL names no host: expected one such as ${example}`);
  }
  return [first, ...rest];
}

function hostAndPort(text: string): [host: string, port: string] {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[^:[\]]*))(?::(?<port>\d*))?$/u.exec(text);
  if (match?.groups === undefined) {
    throw new AddressError(
      `${JSON.stringify(text)} in the database's URL is not a host: expected HOST, HOST:PORT or [IPv6 ADDRESS]:PORT, several ` +
        "separated by commas",
    );
  }
  return [match.groups["v6"] ?? decode(match.groups["name"] ?? "", "host"), match.groups["port"] ?? ""];
}

function portOf(text: string, env: Readonly<Record<string, string | undefined>>): number {
  const port = text === "" ? Number(env["PGPORT"] ?? defaultPort) : Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new AddressError(`${JSON.stringify(text)} in the database's URL is not a port: expected 1 to 65535`);
  }
  return port;
}

/** Percent-decoding only: a plus stays a plus. */
function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AddressError(`the ${what} in the database's URL can't be read: write a literal percent sign as %25`);
  }
}

function channelBinding(value: string | undefined): boolean {
  if (value !== undefined && !["disable", "prefer", "require"].includes(value)) {
    throw new AddressError(
      `channel_binding=${value} in the database's URL is not known: expected disable, prefer or require`,
    );
  }
  return value === "require" || value === "prefer";
}

function primaryWanted(hosts: readonly DatabaseHost[], attributes: string | undefined): boolean {
  switch (attributes) {
    case "read-write":
    case "primary":
      return true;
    case undefined:
      return hosts.length > 1;
    case "any":
      if (hosts.length === 1) {
        return false;
      }
      break;
    default:
  }
  throw new AddressError(
    `target_session_attrs=${attributes} in the database's URL is not supported: Farrier writes, so expected read-write or primary`,
  );
}
