import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer } from "node:tls";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { authorityIssue, keyMake, keyPem, serverIssue } from "./issue.ts";
import { serverNames } from "./names.ts";
import { type TlsCredentials, tlsFilesEnsure, tlsFilesRead } from "./credentials.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "farrier-tls-"));
});
afterEach(async () => await rm(directory, { recursive: true }));

const path = (name: string): string => join(directory, name);
const text = async (name: string): Promise<string> => await readFile(path(name), "utf8");

async function ensure(...names: string[]): Promise<TlsCredentials> {
  return await tlsFilesEnsure({ directory, serverNames: names });
}

/** Whether a client that trusts `ca` and calls the server by `name` accepts it. */
async function handshake(server: TlsCredentials, ca: string, name: string): Promise<string> {
  const listener = createServer({ cert: server.serverCertificatePem, key: server.serverKeyPem }, (socket) => {
    socket.on("error", () => undefined);
    socket.end();
  });
  listener.on("tlsClientError", () => undefined);
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  try {
    const { port } = listener.address() as AddressInfo;
    return await new Promise((resolve) => {
      // The name that is checked is `host`; the connection itself always goes to the loopback.
      const client = connect({
        host: name,
        port,
        ca,
        lookup: (_host, options, done) =>
          options.all === true ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4),
      });
      client.on("secureConnect", () => {
        resolve("accepted");
        client.destroy();
      });
      client.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  } finally {
    listener.close();
  }
}

describe("tlsFilesEnsure", () => {
  test("serves clients that trust the authority, by every name and address", async () => {
    const files = await ensure("farrier.example.net", "192.0.2.7", "*.lab.example");
    expect(await handshake(files, files.caCertificatePem, "localhost")).toBe("accepted");
    expect(await handshake(files, files.caCertificatePem, "127.0.0.1")).toBe("accepted");
    expect(await handshake(files, files.caCertificatePem, "farrier.example.net")).toBe("accepted");
    expect(await handshake(files, files.caCertificatePem, "a.lab.example")).toBe("accepted");
    expect(await handshake(files, files.caCertificatePem, "other.example.net")).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
    const leaf = new X509Certificate(files.serverCertificatePem);
    expect(leaf.checkIP("::1")).toBeDefined();
    expect(leaf.checkIP("192.0.2.7")).toBeDefined();
    const stranger = authorityIssue(keyMake()).toString();
    expect(await handshake(files, stranger, "localhost")).not.toBe("accepted");
  });

  test("is valid from 1970 to 9999, on the curve that everyone takes", async () => {
    const files = await ensure();
    for (const certificate of [
      new X509Certificate(files.caCertificateDer),
      new X509Certificate(files.serverCertificatePem),
    ]) {
      expect(certificate.validFromDate.toISOString()).toBe("1970-01-01T00:00:00.000Z");
      expect(certificate.validToDate.toISOString()).toBe("9999-12-31T23:59:59.000Z");
      expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
    }
    expect(new X509Certificate(files.caCertificateDer).ca).toBe(true);
    expect(new X509Certificate(files.serverCertificatePem).ca).toBe(false);
  });

  test("keeps what it made, with keys for their owner only and nothing half-written beside them", async () => {
    const first = await ensure("a.example");
    expect(await ensure("a.example")).toEqual(first);
    expect(await ensure()).toEqual(first);
    expect((await readdir(directory)).toSorted()).toEqual(["ca-key.pem", "ca.pem", "server-key.pem", "server.pem"]);
    for (const name of ["ca-key.pem", "server-key.pem"]) {
      expect((await stat(path(name))).mode & 0o777).toBe(0o600);
    }
  });

  test("issues the server's certificate again for another name, under the same authority", async () => {
    const first = await ensure("a.example");
    const second = await ensure("b.example");
    expect(second.caCertificatePem).toBe(first.caCertificatePem);
    expect(second.serverCertificatePem).not.toBe(first.serverCertificatePem);
    expect(await handshake(second, first.caCertificatePem, "b.example")).toBe("accepted");
  });

  test.each([
    ["an empty certificate", async () => await writeFile(path("server.pem"), "")],
    ["half a certificate", async () => await writeFile(path("server.pem"), (await text("server.pem")).slice(0, 300))],
    ["no certificate", async () => await rm(path("server.pem"))],
    ["no key", async () => await rm(path("server-key.pem"))],
    ["another key", async () => await writeFile(path("server-key.pem"), keyPem(keyMake()))],
    [
      "a certificate of another authority",
      async () => {
        const key = keyMake();
        await writeFile(path("server-key.pem"), keyPem(key));
        await writeFile(path("server.pem"), serverIssue(key, serverNames([]), keyMake()).toString());
      },
    ],
  ])("issues the server's certificate again where it finds %s", async (_what, damage) => {
    const first = await ensure();
    await damage();
    const second = await ensure();
    expect(await handshake(second, first.caCertificatePem, "localhost")).toBe("accepted");
    expect(await ensure()).toEqual(second);
  });

  test("issues a lost authority's certificate again from its key: who trusts the old one accepts the server", async () => {
    const first = await ensure();
    await rm(path("ca.pem"));
    await rm(path("server.pem"));
    const second = await ensure();
    expect(await handshake(second, first.caCertificatePem, "localhost")).toBe("accepted");
    expect(await handshake(first, second.caCertificatePem, "localhost")).toBe("accepted");
  });

  test.each([
    ["a certificate without its key", async () => await rm(path("ca-key.pem")), "mismatch"],
    [
      "half a key",
      async () => await writeFile(path("ca-key.pem"), (await text("ca-key.pem")).slice(0, 60)),
      "malformed",
    ],
    ["an empty key", async () => await writeFile(path("ca-key.pem"), ""), "malformed"],
    ["another key", async () => await writeFile(path("ca-key.pem"), keyPem(keyMake())), "mismatch"],
    ["an empty certificate", async () => await writeFile(path("ca.pem"), ""), "malformed"],
  ])("refuses an authority with %s, and changes nothing", async (_what, damage, code) => {
    await ensure();
    await damage();
    const before = await Promise.all((await readdir(directory)).map(text));
    await expect(ensure("new.example")).rejects.toMatchObject({
      code,
      message: expect.stringContaining("backup") as string,
    });
    expect(await Promise.all((await readdir(directory)).map(text))).toEqual(before);
  });

  test("makes one authority when several start at once", async () => {
    const all = await Promise.all([ensure(), ensure(), ensure(), ensure()]);
    expect(new Set(all.map(({ caCertificatePem }) => caCertificatePem)).size).toBe(1);
    const [first] = all;
    expect(await handshake(await ensure(), first?.caCertificatePem ?? "", "localhost")).toBe("accepted");
  });

  test.each(["https://farrier", "farrier:8443", "", "a b", "-a.example", "1.2.3", "ä.example", "a..b", "a,DNS:b"])(
    "refuses %j as a name",
    async (name) => {
      await expect(ensure(name)).rejects.toMatchObject({ code: "server_name" });
      expect(await readdir(directory)).toEqual([]);
    },
  );
});

describe("tlsFilesRead", () => {
  const paths = (): { certificate: string; key: string; ca: string } => ({
    certificate: path("server.pem"),
    key: path("server-key.pem"),
    ca: path("ca.pem"),
  });

  test("reads what belongs together, with and without an authority", async () => {
    const made = await ensure();
    expect(await tlsFilesRead(paths())).toEqual(made);
    const { certificate, key } = paths();
    const alone = await tlsFilesRead({ certificate, key });
    expect(alone.caCertificateDer).toHaveLength(0);
    expect(await handshake(alone, made.caCertificatePem, "localhost")).toBe("accepted");
  });

  test("finds the authority among several in the file", async () => {
    const made = await ensure();
    const bundle = authorityIssue(keyMake()).toString() + made.caCertificatePem;
    await writeFile(path("bundle.pem"), bundle);
    expect((await tlsFilesRead({ ...paths(), ca: path("bundle.pem") })).caCertificatePem).toBe(made.caCertificatePem);
  });

  test.each([
    ["a missing file", async () => await rm(path("server.pem")), "unreadable", "server.pem (ENOENT)"],
    ["no PEM", async () => await writeFile(path("server.pem"), "hello"), "malformed", "holds no certificate"],
    [
      "a damaged certificate",
      async () => await writeFile(path("server.pem"), (await text("server.pem")).replace(/\n.{20}/u, "\n")),
      "malformed",
      "damaged",
    ],
    [
      "no key",
      async () => await writeFile(path("server-key.pem"), await text("ca.pem")),
      "malformed",
      "no private key",
    ],
    [
      "an encrypted key",
      async () => {
        const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
        const pem = privateKey.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "x" });
        await writeFile(path("server-key.pem"), pem);
      },
      "malformed",
      "encrypted",
    ],
    [
      "another key",
      async () => await writeFile(path("server-key.pem"), keyPem(keyMake())),
      "mismatch",
      "is not the key of",
    ],
    [
      "another authority",
      async () => await writeFile(path("ca.pem"), authorityIssue(keyMake()).toString()),
      "mismatch",
      "did not issue",
    ],
    [
      "an authority in the server's place",
      async () => {
        await writeFile(path("server.pem"), await text("ca.pem"));
        await writeFile(path("server-key.pem"), await text("ca-key.pem"));
      },
      "mismatch",
      "an authority's",
    ],
  ])("refuses %s, and says so", async (_what, damage, code, words) => {
    await ensure();
    await damage();
    await expect(tlsFilesRead(paths())).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words) as string,
    });
  });

  test("refuses a certificate whose time is over", async () => {
    await ensure();
    await expect(tlsFilesRead({ ...paths(), now: new Date("+010000-01-02T00:00:00Z") })).rejects.toMatchObject({
      code: "expired",
    });
  });

  test("says so when it cannot be read", async () => {
    await ensure();
    await expect(tlsFilesRead({ ...paths(), key: directory })).rejects.toMatchObject({
      code: "unreadable",
      message: expect.stringContaining("EISDIR") as string,
    });
  });
});
