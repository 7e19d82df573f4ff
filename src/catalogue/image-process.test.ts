import { execFile } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import {
  access,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  statfs,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { imageServer, type ImageServer } from "../../test/support/image-server.ts";
import { hostProgram, programsMissing, quickLimits } from "../../test/support/install-rig.ts";
import { recordingLog } from "../../test/support/recording-log.ts";
import { waitFor } from "../../test/support/wait.ts";
import { SignatureFormat } from "../../gen/farrier/agent/v1/image/image_pb.ts";
import type { ImageSource } from "../contract/catalogue/image-source.ts";
import { createLogger, type Logger } from "../lib/log.ts";
import type { ImageJob, ImageJobLine } from "./child/image-job.ts";
import { imageProcess, imageProcessLimits, type FetchedImage, type ImageProcessLimits } from "./image-process.ts";
import type { ImageRoom } from "./image-room.ts";
import { qcow2Bomb } from "./testing/qcow2-bomb.ts";
import { systemImage, systemImagePrograms } from "./testing/made-images.ts";

const log = createLogger({ level: "silent", component: "test" });
const missing = await programsMissing(...systemImagePrograms);
let folder: string;
let server: ImageServer;
let image: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-image-process-"));
  server = await imageServer();
  image =
    missing.length > 0
      ? Buffer.alloc(0)
      : await systemImage(folder, {
          table: "gpt",
          loaders: { "EFI/BOOT/BOOTX64.EFI": "MZ" },
          bootCode: true,
          root: "ext4",
          cloudInit: true,
        });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const room: ImageRoom = { packedBytes: 64 << 20, unpackedBytes: 64 << 20, diskShare: 0.25 };

function look(
  source: Partial<ImageSource> & { url: string },
  options: {
    guard?: Partial<ImageJob["guard"]>;
    limits?: Partial<ImageProcessLimits>;
    room?: Partial<ImageRoom>;
    progress?: (line: Extract<ImageJobLine, { kind: "progress" }>) => void;
    signal?: AbortSignal;
    prlimit?: string;
    log?: Logger;
    rules?: ImageJob["rules"];
  } = {},
): Promise<FetchedImage> {
  return imageProcess(
    {
      source: { format: 0, compression: 0, tokenHosts: [], ...source },
      guard: { loopbackAllowed: true, ownPorts: [], ...options.guard },
      rules: options.rules ?? [],
      room: { ...room, ...options.room },
      fetch: quickLimits,
    },
    {
      directory: join(folder, "job"),
      limits: { ...imageProcessLimits, ...options.limits },
      progress: options.progress ?? (() => {}),
      log: options.log ?? log,
      ...(options.prlimit === undefined ? {} : { prlimit: options.prlimit }),
      signal: options.signal ?? new AbortController().signal,
    },
  );
}

const refusal = async (call: Promise<FetchedImage>): Promise<[string, string]> => {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason as { code: string; message: string },
  );
  return error === undefined ? ["ok", ""] : [error.code, error.message];
};

describe("every form that an image comes in", () => {
  test.for<[string, (raw: Buffer) => Promise<Buffer>, object]>([
    ["raw", async (raw) => raw, { format: "raw", compression: "none" }],
    ["raw in gzip", async (raw) => gzipSync(raw), { format: "raw", compression: "gzip" }],
    ["raw in zstd", async (raw) => zstdCompressSync(raw), { format: "raw", compression: "zstd" }],
    ["raw in xz", async (raw) => outputOf("xz", ["-1"], raw), { format: "raw", compression: "xz" }],
    ["qcow2", async (raw) => qcow2(raw), { format: "qcow2", compression: "none" }],
    ["qcow2 in zstd", async (raw) => zstdCompressSync(await qcow2(raw)), { format: "qcow2", compression: "zstd" }],
  ])("%s", async ([name, pack, expected], context) => {
    const lacking = [...missing, ...(await programsMissing("xz", "qemu-img"))];
    context.skip(lacking.length > 0, `missing: ${lacking.join(", ")}`);
    const packed = await pack(image);
    const served = server.serve(name.replaceAll(" ", "-"), packed);
    await using fetched = await look({ url: served.url, digest: served.digest });
    expect(fetched).toMatchObject({
      digest: served.digest,
      facts: {
        ...expected,
        packedBytes: packed.length,
        unpackedBytes: image.length,
        partitionTable: "gpt",
        bootsBy: ["uefi", "bios"],
        cloudInit: "yes",
        problems: [],
      },
    });
    expect((await readFile(fetched.file)).equals(packed)).toBe(true);
  });

  test("the digest is learned where none was given, and the folder is gone afterwards", async () => {
    const served = server.serve("unasked", gzipSync(Buffer.alloc(1 << 20, 7)));
    {
      await using fetched = await look({ url: served.url });
      expect(fetched.digest).toBe(served.digest);
    }
    await expect(access(join(folder, "job"))).rejects.toThrow("ENOENT");
  });
});

/** A key as cosign has it, and its signatures, as a source has them. */
function cosignKey() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const pem = Buffer.from(publicKey.export({ type: "spki", format: "pem" })).toString("base64");
  return {
    publicKey: pem,
    sign: (bytes: Buffer): NonNullable<ImageSource["signature"]> => ({
      format: SignatureFormat.COSIGN,
      publicKey: pem,
      signature: Buffer.from(`${sign("sha256", bytes, privateKey).toString("base64")}\n`).toString("base64"),
    }),
  };
}

async function qcow2(raw: Buffer): Promise<Buffer> {
  const [from, to] = [join(folder, "from.raw"), join(folder, "to.qcow2")];
  await writeFile(from, raw);
  await hostProgram("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", from, to);
  return readFile(to);
}

async function outputOf(program: string, args: string[], input: Buffer): Promise<Buffer> {
  const path = join(folder, "input");
  await writeFile(path, input);
  const { stdout } = await promisify(execFile)(program, [...args, "-c", path], {
    encoding: "buffer",
    maxBuffer: 1 << 28,
  });
  return stdout;
}

describe("what is refused", () => {
  const bad = (name: string, bytes: Buffer, source: Partial<ImageSource> = {}) =>
    refusal(look({ url: server.serve(name, bytes).url, ...source }));

  test("another digest than was asked for", async () => {
    expect(await bad("digest", Buffer.alloc(4096, 1), { digest: `sha256:${"0".repeat(64)}` })).toEqual([
      "unproven",
      expect.stringMatching(/has the digest sha256:[0-9a-f]{64} \(4096 bytes\), expected sha256:0{64}/u),
    ]);
  });

  test("a signature that is another file's, by another key, or not there; a good signature is taken", async () => {
    const [mine, others] = [cosignKey(), cosignKey()];
    const bytes = Buffer.concat([Buffer.from("eb6390", "hex"), Buffer.alloc(507), Buffer.from("55aa", "hex")]);
    const signed = (signature: NonNullable<ImageSource["signature"]>) => bad("signed", bytes, { signature });
    expect(await signed(mine.sign(bytes))).toEqual(["ok", ""]);
    const mismatch = ["unproven", expect.stringContaining("the signature does not match")];
    expect(await signed(mine.sign(Buffer.concat([bytes, Buffer.of(0)])))).toEqual(mismatch);
    expect(await signed({ ...mine.sign(bytes), publicKey: others.publicKey })).toEqual(mismatch);
    // Machines get what was fetched beside the image, and nothing where it was given.
    server.serve("beside", bytes);
    const { signature: text64 } = mine.sign(bytes);
    server.serve("beside.sig", Buffer.from(text64, "base64"));
    const source = { url: `${server.url}/beside`, signature: { ...mine.sign(bytes), signature: "" } };
    await using fetched = await look(source);
    expect(Buffer.from(fetched.signature ?? []).toString("base64")).toBe(text64);
    await fetched[Symbol.asyncDispose]();
    await using second = await look({ ...source, signature: mine.sign(bytes) });
    expect(second.signature).toBeUndefined();
    await second[Symbol.asyncDispose]();
    const [code, text] = await signed({ ...mine.sign(bytes), signature: "" });
    expect([code, text]).toEqual(["unusable", expect.stringMatching(/signed\.sig answered 404/u)]);
  });

  test("a digest by a signed list: by its URL or its bytes; another key, another list, another file's line", async () => {
    const [mine, others] = [cosignKey(), cosignKey()];
    const bytes = Buffer.concat([Buffer.from("eb6390", "hex"), Buffer.alloc(507), Buffer.from("55aa", "hex")]);
    const { url, digest } = server.serve("listed.raw", bytes);
    const lines = (hex: string, name = "listed.raw"): Buffer =>
      Buffer.from(`${hex}  ${name}\n${"0".repeat(64)}  x.raw\n`);
    const right = lines(digest.slice("sha256:".length));
    const byUrl = (list: Buffer, signature: NonNullable<ImageSource["signature"]>) => {
      const served = server.serve("SHA256SUMS", list).url;
      server.serve("SHA256SUMS.sig", Buffer.from(signature.signature, "base64"));
      return refusal(look({ url, digestFrom: { url: served, signature: { ...signature, signature: "" } } }));
    };
    const byBytes = (list: Buffer, signature: NonNullable<ImageSource["signature"]>) =>
      refusal(look({ url, digestFrom: { list: list.toString("base64"), signature } }));
    for (const by of [byUrl, byBytes]) {
      expect(await by(right, mine.sign(right))).toEqual(["ok", ""]);
      const mismatch = ["unproven", expect.stringContaining("the signature does not match the list of digests")];
      expect(await by(right, { ...mine.sign(right), publicKey: others.publicKey })).toEqual(mismatch);
      expect(await by(Buffer.concat([right, Buffer.from("\n")]), mine.sign(right))).toEqual(mismatch);
      const other = lines("ab".repeat(32));
      expect(await by(other, mine.sign(other))).toEqual([
        "unproven",
        expect.stringContaining(`expected sha256:${"ab".repeat(32)}`),
      ]);
      const renamed = lines(digest.slice("sha256:".length), "other.raw");
      expect(await by(renamed, mine.sign(renamed))).toEqual([
        "unproven",
        expect.stringContaining('has no SHA-256 of "listed.raw"; it has those of other.raw, x.raw'),
      ]);
    }
    const long = Buffer.alloc((1 << 20) + 1, "#");
    expect(await byUrl(long, mine.sign(long))).toEqual([
      expect.any(String),
      expect.stringContaining("more than the expected"),
    ]);
  });

  test("an archive, a page, nothing, and a packed file that is cut short", async () => {
    expect(await bad("disk.zip", Buffer.concat([Buffer.from("PK\u0003\u0004"), Buffer.alloc(1024)]))).toEqual([
      "unusable",
      expect.stringContaining("a zip archive"),
    ]);
    expect((await bad("page", Buffer.from("<!doctype html><html></html>")))[1]).toContain("HTML page");
    expect((await bad("empty", Buffer.alloc(0)))[1]).toContain("empty file");
    const packed = gzipSync(Buffer.alloc(1 << 20, "farrier"));
    expect(await bad("cut.gz", packed.subarray(0, packed.length - 100))).toEqual(["unusable", expect.any(String)]);
    const zstd = zstdCompressSync(Buffer.alloc(1 << 20, "farrier"));
    expect(await bad("cut.zst", zstd.subarray(0, zstd.length - 10))).toEqual(["unusable", expect.any(String)]);
    expect((await bad("nothing.gz", gzipSync(Buffer.alloc(0))))[0]).toBe("unusable");
  });

  test("a packed file that is larger unpacked than is allowed is refused before it is written", async () => {
    const bomb = server.serve("bomb.gz", gzipSync(Buffer.alloc(80 << 20)));
    expect(await refusal(look({ url: bomb.url }))).toEqual([
      "too_large",
      expect.stringMatching(/takes \d+ bytes or more once it is unpacked, and the server unpacks at most 67108864/u),
    ]);
    const large = server.serve("large", Buffer.alloc(3 << 20, 1));
    expect((await refusal(look({ url: large.url }, { room: { packedBytes: 1 << 20 } })))[0]).toBe("too_large");
    // A server that says no length.
    const endless = server.answer("endless", (_request, response) => {
      const piece = Buffer.alloc(1 << 18, 1);
      const more = (): void => {
        while (!response.destroyed && response.write(piece));
      };
      response.on("drain", more);
      more();
    });
    expect((await refusal(look({ url: endless }, { room: { packedBytes: 1 << 20 } })))[0]).toBe("too_large");
  });

  test("a small qcow2 image that unpacks to more than its share of the disk's free room", async () => {
    const { bavail, bsize } = await statfs(folder);
    const share = (mebibytes: number) => ({ room: { diskShare: (mebibytes * (1 << 20)) / (bavail * bsize) } });
    const unpackedBytes = 64 << 20;
    const bytes = qcow2Bomb(unpackedBytes, 7);
    expect(bytes.length).toBeLessThan(256 << 10);
    const bomb = server.serve("bomb.qcow2", bytes);
    expect(await refusal(look({ url: bomb.url }, share(4)))).toEqual([
      "too_large",
      expect.stringMatching(/takes \d+ bytes or more on the server's disk .* make room/u),
    ]);
    // With room enough for it, something else is wrong with it: there is no boot code in it.
    await using fetched = await look({ url: bomb.url });
    expect(fetched.facts).toMatchObject({ unpackedBytes, problems: [expect.stringContaining("no firmware")] });
    // The file alone may be too much, and zeros count nothing.
    const large = server.serve("large-file", Buffer.alloc(5 << 20, 1));
    expect((await refusal(look({ url: large.url }, share(4))))[0]).toBe("too_large");
    const zeros = server.serve("zeros.gz", gzipSync(Buffer.alloc(60 << 20)));
    expect(await refusal(look({ url: zeros.url }, share(4)))).toEqual(["ok", ""]);
  });

  test("a qcow2 image that says it is a million gigabytes, or names another file", async () => {
    const header = Buffer.alloc(1 << 16);
    header.write("QFI\u00fb", "latin1");
    header.writeUInt32BE(2, 4);
    header.writeUInt32BE(16, 20);
    header.writeBigUInt64BE(1n << 50n, 24);
    header.writeUInt32BE(4 << 20, 36);
    header.writeBigUInt64BE(1n << 16n, 40);
    expect((await bad("huge.qcow2", header))[0]).toMatch(/too_large|unusable/u);
    header.writeBigUInt64BE(1n << 30n, 24);
    header.writeBigUInt64BE(512n, 8);
    expect((await bad("backed.qcow2", header))[1]).toContain("backing file");
  });

  test("addresses that are not to be called, also by redirects", async () => {
    const port = Number(new URL(server.url).port);
    const served = server.serve("here", Buffer.alloc(4096, 1));
    expect(await refusal(look({ url: served.url }, { guard: { ownPorts: [port] } }))).toEqual([
      "forbidden",
      expect.stringMatching(/where the control plane itself listens/u),
    ]);
    expect(await refusal(look({ url: served.url }, { guard: { loopbackAllowed: false } }))).toEqual([
      "forbidden",
      expect.stringMatching(/loopback/u),
    ]);
    expect(served.fetches).toBe(0);
    for (const location of ["http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://0.0.0.0:1/"]) {
      const url = server.answer("away", (_request, response) => response.writeHead(302, { location }).end());
      expect((await refusal(look({ url }, { guard: { loopbackAllowed: true } })))[0], location).toMatch(
        location.includes("0.0.0.0") ? /unavailable/u : /forbidden/u,
      );
    }
    expect((await refusal(look({ url: "http://169.254.169.254/" })))[0]).toBe("forbidden");
  });

  test("a redirect to where the image policy does not allow images from", async () => {
    const served = server.serve("elsewhere", Buffer.alloc(4096, 1));
    const location = served.url.replace("127.0.0.1", "localhost");
    const url = server.answer("allowed", (_request, response) => response.writeHead(302, { location }).end());
    const rules = (...sources: string[]): ImageJob["rules"] => [{ kind: "sources", name: "our-mirror", sources }];
    expect(await refusal(look({ url }, { rules: rules(`${server.url}/`) }))).toEqual([
      "forbidden",
      expect.stringContaining('rule "our-mirror" of the image policy does not allow'),
    ]);
    expect(served.fetches).toBe(0);
    const both = rules(`${server.url}/`, `${new URL(location).origin}/`);
    await refusal(look({ url }, { rules: both }));
    expect(served.fetches).toBe(1);
  });

  test("a server that is away may come back; one without the file has it no more tomorrow", async () => {
    expect((await refusal(look({ url: "http://127.0.0.1:1/image" })))[0]).toBe("unavailable");
    expect((await refusal(look({ url: `${server.url}/not-there` })))[0]).toBe("unusable");
  });

  test("secrets of the URL are in no message", async () => {
    const url = server.url.replace("http://", "http://alice:hunter2@");
    const [, text] = await refusal(look({ url: `${url}/not-there?signature=hunter3` }));
    expect(text).toContain("answered 404");
    expect(text).not.toMatch(/hunter|alice/u);
  });
});

describe("limits of the process", () => {
  test("of time", async () => {
    const silent = server.serve("silent", Buffer.alloc(1 << 20, 1), { limit: 100 });
    expect(await refusal(look({ url: silent.url }, { limits: { time: 1_500 } }))).toEqual([
      "too_large",
      expect.stringContaining("within 1.5 s"),
    ]);
  });

  test("an abort ends it, and its folder goes", async () => {
    const stop = new AbortController();
    const slow = server.serve("slow", Buffer.alloc(8 << 20, 1), { limit: 1 << 20 });
    const ended = refusal(look({ url: slow.url }, { signal: stop.signal }));
    await waitFor("the fetch", () => slow.open === 1);
    stop.abort(Object.assign(new Error("stopping"), { code: "stopping" }));
    expect(await ended).toEqual(["stopping", "stopping"]);
    await waitFor("the end of the process", () => slow.open === 0);
    await expect(access(join(folder, "job"))).rejects.toThrow("ENOENT");
  });

  test("an abort ends the programs that it called as well", async (context) => {
    const lacking = await programsMissing("mke2fs");
    context.skip(lacking.length > 0, "mke2fs is not on this host (Debian: e2fsprogs)");
    // In place of debugfs, a program that never ends; its folder is open to the user that looks into images.
    const programs = join(folder, "programs");
    await mkdir(programs);
    await Promise.all([folder, programs].map((path) => chmod(path, 0o755)));
    const seconds = `98${process.pid}`;
    await writeFile(join(programs, "debugfs"), `#!/bin/sh\nexec sleep ${seconds}\n`, { mode: 0o755 });
    vi.stubEnv("PATH", `${programs}:${process.env["PATH"] ?? ""}`);
    const path = join(folder, "bare.ext4");
    await hostProgram("mke2fs", "-q", "-F", "-t", "ext4", path, "8192k");
    const stop = new AbortController();
    const ended = refusal(look({ url: server.serve("bare", await readFile(path)).url }, { signal: stop.signal }));
    const [pid] = await waitFor("the program", () => processesCalled(`sleep\0${seconds}\0`));
    stop.abort(new Error("enough"));
    await ended;
    await waitFor("its end", async () =>
      (await processesCalled(`sleep\0${seconds}\0`)) === undefined ? true : undefined,
    );
    expect(pid).toBeDefined();
    vi.unstubAllEnvs();
  });

  test("without prlimit it is said that there are no limits", async () => {
    const recorded = recordingLog();
    const image1 = server.serve("unlimited", Buffer.alloc(4096, 1));
    await using _fetched = await look({ url: image1.url }, { prlimit: join(folder, "nowhere"), log: recorded.log });
    expect(recorded.count(/without limits on memory.*prlimit is not on this host/u)).toBe(1);
  });

  test("it has limits on memory, files and processor time, and a user of its own if root starts it", async (context) => {
    const lacking = await programsMissing("prlimit");
    context.skip(lacking.length > 0, "prlimit is not on this host (Debian: util-linux)");
    const slow = server.serve("owned", Buffer.alloc(8 << 20, 1), { limit: 1 << 20 });
    const stop = new AbortController();
    const ended = refusal(look({ url: slow.url }, { signal: stop.signal }));
    const file = join(folder, "job", "image");
    await waitFor("the file", () => access(file).then(() => true));
    const [pid] = await waitFor("the process", () => processesIn(join(folder, "job")));
    const limits = await readFile(`/proc/${pid}/limits`, "utf8");
    expect(limits).toMatch(/Max data size +2147483648 /u);
    expect(limits).toMatch(/Max file size +67108864 /u);
    expect(limits).toMatch(/Max cpu time +14400 /u);
    expect(limits).toMatch(/Max open files +256 /u);
    if (process.geteuid?.() === 0) {
      expect((await stat(file)).uid).not.toBe(0);
      expect(await readFile(`/proc/${pid}/status`, "utf8")).toMatch(/^CapEff:\s+0+$/mu);
    }
    const environment = await readFile(`/proc/${pid}/environ`, "utf8");
    expect(environment.split("\0").filter((entry) => !/^(?:PATH|LC_ALL|TMPDIR)=/u.test(entry))).toEqual([""]);
    stop.abort(new Error("enough"));
    await ended;
  });
});

/** Ids of processes with this command line. */
async function processesCalled(commandLine: string): Promise<string[] | undefined> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name));
  const found = await Promise.all(
    pids.map(async (pid) =>
      (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")) === commandLine ? [pid] : [],
    ),
  );
  return found.flat().length === 0 ? undefined : found.flat();
}

/** Ids of processes whose working directory is the folder. */
async function processesIn(path: string): Promise<string[] | undefined> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => ((await readlink(`/proc/${pid}/cwd`).catch(() => "")) === path ? [pid] : [])),
  );
  return found.flat().length === 0 ? undefined : found.flat();
}
