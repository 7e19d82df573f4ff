import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { errorCode } from "../../lib/errors.ts";
import { AddressError } from "./errors.ts";

/** The supported values of `sslmode`. */
const modes = ["disable", "require", "verify-ca", "verify-full"] as const;
type TlsMode = (typeof modes)[number];

/**
 * The TLS options for a URL's `sslmode`, `sslrootcert`, `sslcert` and `sslkey`, with libpq's meaning (PostgreSQL's
 * documentation, "SSL Support"). `require` encrypts without verifying the server, unless a CA is given; `verify-ca`
 * requires a certificate of that CA; `verify-full` also requires the host's name in it, and uses the system's CAs if
 * none is given. Without `sslmode` there is no TLS.
 * @throws {AddressError} for `allow` and `prefer`, with which an attacker could disable TLS, and for unusable files
 */
export function tlsOf(
  parameters: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string | undefined>>,
): false | ConnectionOptions {
  const mode = modeOf(parameters, env["PGSSLMODE"]);
  const root = parameters.get("sslrootcert");
  if (mode === "disable") {
    if (["sslrootcert", "sslcert", "sslkey"].some((name) => parameters.has(name))) {
      throw new AddressError(
        "the database's URL names certificates but asks for no TLS: add sslmode=verify-full, or leave them out",
      );
    }
    return false;
  }
  const system = root === undefined || root === "system";
  if (mode === "verify-ca" && system) {
    throw new AddressError(
      "sslmode=verify-ca in the database's URL needs the CA: add sslrootcert=FILE, or use sslmode=verify-full",
    );
  }
  const [certificate, key] = [parameters.get("sslcert"), parameters.get("sslkey")];
  if ((certificate === undefined) !== (key === undefined)) {
    throw new AddressError("the database's URL has one of sslcert and sslkey: expected both or neither");
  }
  return {
    ...(system ? {} : { ca: fileText("sslrootcert", root) }),
    ...(certificate === undefined || key === undefined
      ? {}
      : { cert: fileText("sslcert", certificate), key: fileText("sslkey", key) }),
    ...(mode === "require" && system ? { rejectUnauthorized: false } : {}),
    // Any name in the certificate is accepted, because the CA issues for this purpose only.
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  };
}

function modeOf(parameters: ReadonlyMap<string, string>, fallback: string | undefined): TlsMode {
  const plain = parameters.get("ssl");
  if (plain !== undefined && !["true", "1", "false", "0"].includes(plain)) {
    throw new AddressError(`ssl=${plain} in the database's URL is not known: expected sslmode=require or another mode`);
  }
  const asked =
    parameters.get("sslmode") ??
    (plain === undefined ? fallback : plain === "true" || plain === "1" ? "verify-full" : "disable") ??
    "disable";
  const mode = modes.find((each) => each === asked);
  if (mode === undefined) {
    throw new AddressError(
      `sslmode=${asked} in the database's URL is not supported: expected ${modes.join(", ")}` +
        (asked === "allow" || asked === "prefer"
          ? `; with ${asked}, an attacker on the network could disable TLS`
          : ""),
    );
  }
  return mode;
}

function fileText(parameter: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new AddressError(
      `${path}, named by ${parameter} in the database's URL, can't be read (${errorCode(error)}): expected a PEM file`,
      { cause: error },
    );
  }
}
