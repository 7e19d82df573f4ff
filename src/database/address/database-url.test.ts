import { describe, expect, test } from "vitest";
import { databaseUrlRead } from "./database-url.ts";
import type { UrlAddress } from "./database-address.ts";

const read = (url: string, env: Record<string, string> = {}): Omit<UrlAddress, "primary"> & { looks: boolean } => {
  const { primary, ...rest } = databaseUrlRead(url, env);
  return { ...rest, looks: primary !== undefined };
};
const plain = { ssl: false, channelBinding: false, looks: false } as const;

describe("C3: a database's URL", () => {
  test.each<[string, Omit<UrlAddress, "primary" | "ssl" | "channelBinding">, boolean]>([
    ["postgresql://db/farrier", { hosts: [{ host: "db", port: 5432 }], database: "farrier" }, false],
    [
      "postgres://me:secret@db:6432/farrier",
      { hosts: [{ host: "db", port: 6432 }], user: "me", password: "secret", database: "farrier" },
      false,
    ],
    [
      "postgresql://a:5432,b:5433/farrier?target_session_attrs=read-write",
      {
        hosts: [
          { host: "a", port: 5432 },
          { host: "b", port: 5433 },
        ],
        database: "farrier",
      },
      true,
    ],
    [
      "postgresql://a,b",
      {
        hosts: [
          { host: "a", port: 5432 },
          { host: "b", port: 5432 },
        ],
      },
      true,
    ],
    ["postgresql://a/x?target_session_attrs=primary", { hosts: [{ host: "a", port: 5432 }], database: "x" }, true],
    ["postgresql://a/x?target_session_attrs=any", { hosts: [{ host: "a", port: 5432 }], database: "x" }, false],
    [
      "postgresql://[::1]:5432,[fe80::2]/farrier",
      {
        hosts: [
          { host: "::1", port: 5432 },
          { host: "fe80::2", port: 5432 },
        ],
        database: "farrier",
      },
      true,
    ],
    [
      "postgresql://me@%2Fvar%2Frun%2Fpostgresql/farrier",
      { hosts: [{ host: "/var/run/postgresql", port: 5432 }], user: "me", database: "farrier" },
      false,
    ],
    [
      "postgresql://me@/farrier?host=/tmp/a b&port=24901",
      { hosts: [{ host: "/tmp/a b", port: 24_901 }], user: "me", database: "farrier" },
      false,
    ],
    [
      "postgresql:///farrier?host=/run/a,/run/b&port=1,2",
      {
        hosts: [
          { host: "/run/a", port: 1 },
          { host: "/run/b", port: 2 },
        ],
        database: "farrier",
      },
      true,
    ],
    [
      "postgresql://m%40e:p%40ss%2Fw%3Fo%23r%25d%3A+@db/far%20rier",
      { hosts: [{ host: "db", port: 5432 }], user: "m@e", password: "p@ss/w?o#r%d:+", database: "far rier" },
      false,
    ],
    [
      "postgresql://me:p@ss:word@db/farrier",
      { hosts: [{ host: "db", port: 5432 }], user: "me", password: "p@ss:word", database: "farrier" },
      false,
    ],
    [
      "postgresql://db/farrier?user=me&password=a%26b&options=-c%20work_mem%3D8MB&application_name=x&connect_timeout=3",
      {
        hosts: [{ host: "db", port: 5432 }],
        user: "me",
        password: "a&b",
        database: "farrier",
        options: "-c work_mem=8MB",
      },
      false,
    ],
  ])("%s", (url, expected, looks) => {
    expect(read(url)).toEqual({ ...plain, ...expected, looks });
  });

  test("what it leaves out comes from the environment, as for every program of PostgreSQL's", () => {
    const env = { PGHOST: "elsewhere", PGPORT: "7000" };
    expect(read("postgresql:///farrier", env).hosts).toEqual([{ host: "elsewhere", port: 7_000 }]);
    expect(read("postgresql:///farrier").hosts).toEqual([{ host: "localhost", port: 5_432 }]);
  });

  test.each([
    ["http://db/farrier", "expected one such as postgresql://"],
    ["postgresql://me:pa/ss@db/farrier", "/ as %2F"],
    ["postgresql://me:1/ss@db/farrier", "/ as %2F"],
    ["postgresql://me:pa?ss=1@db/farrier", "? as %3F"],
    ["postgresql://me:pa#ss@db/farrier", "# as %23"],
    ["postgresql://me:100%@db/farrier", "as %25"],
    ["postgresql://a:b:c/farrier", "is not a host"],
    ["postgresql://::1/farrier", "is not a host"],
    ["postgresql://db:70000/farrier", "is not a port"],
    ["postgresql://a,b,c/farrier?port=1,2", "3 hosts and 2 ports"],
    ["postgresql://a,b/farrier?target_session_attrs=any", "Farrier writes"],
    ["postgresql://a/farrier?target_session_attrs=standby", "Farrier writes"],
    ["postgresql://db/farrier?max=100", '"max"'],
    ["postgresql://db/farrier?statement_timeout=0", '"statement_timeout"'],
    ["postgresql://db/farrier?channel_binding=yes", "expected disable, prefer or require"],
  ])("%s is refused with words, and no password is told", (url, words) => {
    expect(() => read(url)).toThrow(words);
    expect(() => read(url)).not.toThrow(/pa[/?#]ss|me:p|me:1|100%@/u);
  });
});

describe("A15: sslmode in a database's URL", () => {
  const ssl = (query: string, env: Record<string, string> = {}): unknown => read(`postgresql://db/f?${query}`, env).ssl;
  const ca = new URL("../../../package.json", import.meta.url).pathname;

  test("is honoured as libpq means it", () => {
    expect(ssl("sslmode=disable")).toBe(false);
    expect(ssl("")).toBe(false);
    expect(ssl("sslmode=require")).toEqual({ rejectUnauthorized: false, checkServerIdentity: expect.any(Function) });
    expect(ssl(`sslmode=require&sslrootcert=${ca}`)).toEqual({
      ca: expect.stringContaining("farrier"),
      checkServerIdentity: expect.any(Function),
    });
    expect(ssl("sslmode=verify-full")).toEqual({});
    expect(ssl("sslmode=verify-full&sslrootcert=system")).toEqual({});
    expect(ssl("ssl=true")).toEqual({});
    expect(ssl("", { PGSSLMODE: "verify-full" })).toEqual({});
    expect(ssl("sslmode=disable", { PGSSLMODE: "verify-full" })).toBe(false);
  });

  test.each([
    ["sslmode=prefer", "an attacker on the network could disable TLS"],
    ["sslmode=allow", "an attacker on the network could disable TLS"],
    ["sslmode=no-verify", "expected disable, require, verify-ca, verify-full"],
    ["ssl=maybe", "ssl=maybe"],
    ["sslmode=verify-ca", "sslrootcert=FILE"],
    ["sslrootcert=/x", "asks for no TLS"],
    ["sslmode=verify-full&sslcert=/x", "both or neither"],
    ["sslmode=verify-full&sslrootcert=/does/not/exist", "/does/not/exist, named by sslrootcert"],
  ])("%s is refused with words", (query, words) => {
    expect(() => ssl(query)).toThrow(words);
  });
});
