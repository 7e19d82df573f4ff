import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { afterEach, describe, expect, test } from "vitest";
import { waitFor } from "../../../test/support/wait.ts";
import { createLogger } from "../../lib/log.ts";
import { findUser, userName } from "../../lib/host/passwd.ts";
import { type EmbeddedPostgres, embeddedStart } from "./embedded.ts";
import { isOurPostmaster } from "./embedded-orphan.ts";

const log = createLogger({ level: "silent", component: "test" });
const binaries = process.env["FARRIER_TEST_POSTGRES_BIN"];
const isRoot = process.getuid?.() === 0;
const child = fileURLToPath(new URL("../../../test/support/embedded-child.ts", import.meta.url));

let cleanup = new AsyncDisposableStack();
afterEach(async () => {
  await cleanup.disposeAsync();
  cleanup = new AsyncDisposableStack();
});

async function temporary(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "farrier-embedded-"));
  cleanup.defer(async () => await rm(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}

/** Not flushed to the disk: the tests kill processes, not the host. */
async function start(directory: string, given = binaries): Promise<EmbeddedPostgres> {
  return cleanup.use(await embeddedStart({ directory, log, binaries: given, settings: { fsync: "off" } }));
}

async function query(postgres: EmbeddedPostgres, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ ...postgres.connection });
  // A server that is killed under the client must not end the test.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

function spawnChild(directory: string, ...rest: string[]): ChildProcess {
  const started = spawn(process.execPath, [child, directory, ...rest], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  cleanup.defer(() => void started.kill("SIGKILL"));
  return started;
}

async function firstLine(process: ChildProcess): Promise<string> {
  const [chunk] = (await once(process.stdout ?? process, "data")) as [Buffer];
  return chunk.toString("utf8").trim();
}

describe("embeddedStart", () => {
  test("serves over a Unix socket only, flushes what is committed, and keeps it over a restart", async () => {
    const directory = await temporary();
    const first = await embeddedStart({ directory, log, binaries });
    try {
      const settings = await query(first, "SELECT name, setting FROM pg_settings");
      const of = (name: string): unknown => settings.find((row) => row["name"] === name)?.["setting"];
      expect(of("listen_addresses")).toBe("");
      expect([of("fsync"), of("synchronous_commit"), of("full_page_writes")]).toEqual(["on", "on", "on"]);
      expect(of("server_encoding")).toBe("UTF8");
      await query(first, "CREATE TABLE kept AS SELECT lower('ÄÖ') AS value");
    } finally {
      await first[Symbol.asyncDispose]();
    }
    expect(existsSync(join(directory, "data/postmaster.pid"))).toBe(false);
    const second = await start(directory);
    expect(await query(second, "SELECT value FROM kept")).toEqual([{ value: "äö" }]);
  });

  test("refuses a directory that a living one serves from, and names the holder", async () => {
    const directory = await temporary();
    const first = await start(directory);
    await expect(start(directory)).rejects.toMatchObject({
      code: "directory_busy",
      message: expect.stringContaining(`process ${process.pid}`) as string,
    });
    expect(await query(first, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("starts after its parent was killed, stopping the PostgreSQL that was left", async () => {
    const directory = await temporary();
    const parent = spawnChild(directory);
    const orphan = Number(await firstLine(parent));
    expect(await isOurPostmaster(orphan, join(directory, "data"))).toBe(true);
    parent.kill("SIGKILL");
    await once(parent, "exit");
    expect(await isOurPostmaster(orphan, join(directory, "data"))).toBe(true);
    const second = await start(directory);
    expect(second.pid).not.toBe(orphan);
    expect(await isOurPostmaster(orphan, join(directory, "data"))).toBe(false);
    expect(await query(second, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("starts after its parent was killed, though the PostgreSQL that was left wrote its lock file only then", async () => {
    const directory = await temporary();
    const parent = spawnChild(directory);
    const orphan = Number(await firstLine(parent));
    parent.kill("SIGKILL");
    await once(parent, "exit");
    const lock = join(directory, "data/postmaster.pid");
    await rename(lock, `${lock}.later`);
    // The next one's program, which is started once nobody was found: the lock file comes just before it.
    const program = await readlink(`/proc/${orphan}/exe`);
    const programs = await temporary();
    await chmod(programs, 0o755);
    const wrapper = join(programs, "postgres");
    await writeFile(
      wrapper,
      `#!/bin/sh\nat=/proc/self/fd/3/postmaster.pid\n[ "$1" = -V ] || mv $at.later $at 2> /dev/null\nexec ${program} "$@"\n`,
    );
    await chmod(wrapper, 0o755);
    const second = await start(directory, programs);
    expect(await isOurPostmaster(orphan, join(directory, "data"))).toBe(false);
    expect(await query(second, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("does not outlive a normal exit of its parent", async () => {
    const directory = await temporary();
    const parent = spawnChild(directory, "exit");
    const pid = Number(await firstLine(parent));
    expect(pid).toBeGreaterThan(0);
    await waitFor("the PostgreSQL to end", async () => !(await isOurPostmaster(pid, join(directory, "data"))));
  });

  test("brings a killed PostgreSQL back with what was committed", async () => {
    const postgres = await start(await temporary());
    await query(postgres, "CREATE TABLE kept AS SELECT 7 AS value");
    const before = postgres.pid ?? 0;
    process.kill(before, "SIGKILL");
    await waitFor("another postmaster", () => postgres.pid !== undefined && postgres.pid !== before);
    expect(await query(postgres, "SELECT value FROM kept")).toEqual([{ value: 7 }]);
  });

  test("can be disposed while it is down", async () => {
    const directory = await temporary();
    const postgres = await start(directory);
    process.kill(postgres.pid ?? 0, "SIGKILL");
    await waitFor("it to be noticed", () => postgres.pid === undefined);
    await postgres[Symbol.asyncDispose]();
    const again = await start(directory);
    expect(await query(again, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test.each([
    ["a living process of someone else", `${process.pid}\n/somewhere\n1\n5432\n.\n\n 1 1\nready   \n`],
    ["the first process", "1\n/somewhere\n1\n5432\n.\n\n 1 1\nready   \n"],
    ["nobody, because the file is empty", ""],
    ["nobody, because it is garbage", "\0\0\0\0"],
  ])("is not stopped by a stale postmaster.pid that names %s", async (_name, text) => {
    const directory = await temporary();
    await (await start(directory))[Symbol.asyncDispose]();
    await writeFile(join(directory, "data/postmaster.pid"), text);
    await writeFile(join(directory, "data/.s.PGSQL.5432.lock"), text);
    const postgres = await start(directory);
    expect(await query(postgres, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("is not stopped by a stale pid that PostgreSQL's own user has by now, nor harms that process", async () => {
    const directory = await temporary();
    const first = await start(directory);
    const { uid, gid } = await stat(`/proc/${first.pid}`);
    await first[Symbol.asyncDispose]();
    const stranger = spawn("sleep", ["60"], { cwd: "/", uid, gid, stdio: "ignore" });
    cleanup.defer(() => void stranger.kill("SIGKILL"));
    await writeFile(join(directory, "data/postmaster.pid"), `${stranger.pid}\n.\n1\n5432\n.\n\n 1 1\nready   \n`);
    const postgres = await start(directory);
    expect(await query(postgres, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  });

  test("works below a path that is too long for a socket", async () => {
    const directory = join(await temporary(), "long".repeat(20), "and-longer".repeat(10));
    const postgres = await start(directory);
    expect(Buffer.byteLength(postgres.connection.host)).toBeLessThan(60);
    expect(await query(postgres, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("as root, works below a directory that only root may enter, under another user", async (context) => {
    context.skip(!isRoot, "needs root");
    const closed = await temporary();
    await chmod(closed, 0o700);
    const directory = join(closed, "below");
    await mkdir(directory, { mode: 0o700 });
    const postgres = await start(directory);
    const status = await readFile(`/proc/${postgres.pid}/status`, "utf8");
    expect(/^Uid:\s+(?<uid>\d+)/mu.exec(status)?.groups?.["uid"]).not.toBe("0");
    expect(await query(postgres, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("begins anew where an initialisation was cut off", async () => {
    const directory = await temporary();
    const unfinished = join(directory, "data.new-0123456789ab");
    await mkdir(join(unfinished, "base"), { recursive: true });
    await writeFile(join(unfinished, "PG_VERSION"), "18\n");
    const postgres = await start(directory);
    expect(await query(postgres, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect((await readdir(directory)).toSorted()).toEqual(["data", "postgres.log"]);
  });

  test("starts after a kill in the middle of initialisation", async () => {
    let directory: string;
    let found: "at work" | "done";
    do {
      directory = await temporary();
      const parent = spawnChild(directory);
      found = await waitFor("initdb to be at work", async () => {
        const names = await readdir(directory);
        const name = names.find((entry) => entry.startsWith("data.new-"));
        if (name !== undefined && (await readdir(join(directory, name))).includes("base")) {
          return "at work";
        }
        return names.includes("data") && "done";
      });
      parent.kill("SIGKILL");
      await once(parent, "exit");
      // Where nobody looked for as long as it takes: once more.
    } while (found === "done");
    expect(await query(await start(directory), "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("refuses another major version, and says what to do", async () => {
    const directory = await temporary();
    await mkdir(join(directory, "data"), { mode: 0o700 });
    await writeFile(join(directory, "data/PG_VERSION"), "9\n");
    await expect(start(directory)).rejects.toMatchObject({
      code: "wrong_version",
      message: expect.stringMatching(/made by PostgreSQL 9.*export/u) as string,
    });
  });

  test("refuses a directory with something else in it, and leaves that alone", async () => {
    const directory = await temporary();
    await mkdir(join(directory, "data"));
    await writeFile(join(directory, "data/letter.txt"), "dear all");
    await expect(start(directory)).rejects.toMatchObject({ code: "directory_unusable" });
    expect(await readFile(join(directory, "data/letter.txt"), "utf8")).toBe("dear all");
  });

  test("says PostgreSQL's own last words when it does not start", async () => {
    const directory = await temporary();
    const wrong = embeddedStart({
      directory,
      log,
      binaries,
      settings: { max_connections: "nonsense" },
    });
    await expect(wrong).rejects.toMatchObject({
      code: "start_failed",
      message: expect.stringMatching(/exit status 1.*max_connections/u) as string,
    });
    expect(await query(await start(directory), "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("says so when the programs are not there", async () => {
    const directory = await temporary();
    await expect(start(directory, join(directory, "nothing"))).rejects.toMatchObject({
      code: "binaries_unusable",
    });
  });

  test("takes a directory by whatever name for the same one", async () => {
    const directory = await temporary();
    const link = `${directory}.link`;
    await symlink(directory, link);
    cleanup.defer(async () => await rm(link));
    await start(directory);
    await expect(start(link)).rejects.toMatchObject({ code: "directory_busy" });
  });
});

describe("A4: PostgreSQL's user", () => {
  /** Connects as another user of this host does, by the server's own directory; the SQLSTATE, or "connected". */
  async function connectAs(user: { uid: number; gid: number }, pid: number): Promise<string> {
    const script = `
      import pg from "pg";
      process.setgroups([]); process.setgid(${user.gid}); process.setuid(${user.uid});
      const client = new pg.Client({ host: "/proc/${pid}/cwd", port: 5432, user: "farrier", database: "farrier" });
      await client.connect().then(() => console.log("connected"), (error) => console.log(error.code));
      process.exit(0);`;
    const root = fileURLToPath(new URL("../../..", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
      cwd: root,
    });
    return stdout.trim();
  }

  test("is one of its own, and is not let in as farrier", async (context) => {
    context.skip(!isRoot, "only root runs PostgreSQL as another user");
    const directory = await temporary();
    const postgres = await start(directory);
    const { uid, gid } = await stat(join(directory, "data"));
    const passwd = await readFile("/etc/passwd", "utf8");
    expect(userName(passwd, uid)).toBe("farrier-db");
    expect(await connectAs({ uid, gid }, postgres.pid ?? 0)).toBe("28000");
    expect(await query(postgres, "SELECT current_user AS name")).toEqual([{ name: "farrier" }]);
  });

  test("gets the directory of a user whom others share, and the server that runs there is stopped before", async (context) => {
    context.skip(!isRoot, "only root runs PostgreSQL as another user");
    const directory = await temporary();
    await using first = await embeddedStart({ directory, log, binaries, user: "daemon", settings: { fsync: "off" } });
    await query(first, "CREATE TABLE kept (n integer)");
    await first[Symbol.asyncDispose]();
    const data = join(directory, "data");
    const nobody = findUser(await readFile("/etc/passwd", "utf8"), "nobody");
    await promisify(execFile)("chown", ["-R", `${nobody?.uid}:${nobody?.gid}`, data]);
    // As Farrier of before left it.
    await writeFile(join(data, "pg_hba.conf"), "local all all trust\n");
    const again = await start(directory);
    expect(userName(await readFile("/etc/passwd", "utf8"), (await stat(data)).uid)).toBe("farrier-db");
    expect(await query(again, "SELECT count(*)::integer AS n FROM kept")).toEqual([{ n: 0 }]);
    expect(await readFile(join(data, "pg_hba.conf"), "utf8")).not.toContain("trust");
  });

  test("may be named, but not nobody, the lab's, root or an unknown user", async (context) => {
    context.skip(!isRoot, "only root runs PostgreSQL as another user");
    for (const name of ["nobody", "root", "no-such-user"]) {
      const directory = await temporary();
      await expect(embeddedStart({ directory, log, binaries, user: name })).rejects.toMatchObject({ code: "no_user" });
    }
  });
});
