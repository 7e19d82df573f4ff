import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { appendFile, chown, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { findUser } from "../../src/lib/host/passwd.ts";
import { freePort } from "./free-port.ts";
import { waitFor } from "./wait.ts";

/** Where Debian's postgresql-15 keeps its programs. */
const programs = "/usr/lib/postgresql/15/bin";

/** Why there can be no pair here; undefined where there can. */
export const pairMissing = existsSync(join(programs, "pg_rewind"))
  ? undefined
  : `${programs}/pg_rewind is missing (Debian's package postgresql-15)`;

/** One PostgreSQL of the pair, running or not. */
export interface PairNode {
  readonly name: "a" | "b";
  readonly port: number;
}

/** Two PostgreSQL 15 with synchronous replication, and what a cluster manager does with them. */
export interface PostgresPair extends AsyncDisposable {
  readonly nodes: readonly [PairNode, PairNode];
  /** The other one. */
  other(node: PairNode): PairNode;
  /** Ends a node with SIGKILL, as a host that lost its power. */
  kill(node: PairNode): Promise<void>;
  /** Makes the standby the primary. The caller has fenced the old one, or wants to see what happens. */
  promote(node: PairNode): Promise<void>;
  /** Makes a stopped former primary a standby of the other by pg_rewind, and waits until commits wait for it again. */
  rejoin(node: PairNode): Promise<void>;
  /** Rows of a statement on one node. @throws as node-postgres does, within `seconds` */
  rows<Row extends pg.QueryResultRow>(node: PairNode, text: string, database?: string): Promise<Row[]>;
}

/** Starts `a` as the primary and `b` as its synchronous standby, with an empty database `farrier`. */
export async function postgresPair(): Promise<PostgresPair> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "farrier-pair-"));
  stack.defer(async () => await rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const user = await ordinaryUser();
  if (user !== undefined) {
    await chown(folder, user.uid, user.gid);
  }
  const nodes = [
    { name: "a", port: await freePort() },
    { name: "b", port: await freePort() },
  ] as const;
  const [a, b] = nodes;
  const running = new Map<string, ChildProcess>();
  stack.defer(async () => {
    await Promise.all(nodes.map((node) => kill(node)));
  });
  const data = ({ name }: PairNode): string => join(folder, name);
  const other = (node: PairNode): PairNode => (node.name === "a" ? b : a);
  const conninfo = (to: PairNode, from: PairNode): string =>
    `host=127.0.0.1 port=${to.port} user=farrier application_name=${from.name}`;

  async function run(program: string, ...args: string[]): Promise<void> {
    await promisify(execFile)(join(programs, program), args, { ...user, cwd: "/", env: { LC_ALL: "C", TZ: "UTC" } });
  }

  async function start(node: PairNode): Promise<void> {
    const log = await open(join(folder, `${node.name}.log`), "a");
    const child = spawn(join(programs, "postgres"), ["-D", data(node), "-p", String(node.port)], {
      ...user,
      cwd: "/",
      env: { LC_ALL: "C", TZ: "UTC" },
      stdio: ["ignore", log.fd, log.fd],
    });
    await log.close();
    running.set(node.name, child);
    await waitFor(
      `PostgreSQL ${node.name} to answer`,
      async () => {
        if (child.exitCode !== null) {
          throw new Error(await readFile(join(folder, `${node.name}.log`), "utf8"));
        }
        return (await rows(node, "SELECT 1 AS one", "postgres")).length === 1;
      },
      { timeoutMs: 60_000, intervalMs: 20 },
    );
  }

  async function kill(node: PairNode): Promise<void> {
    const child = running.get(node.name);
    running.delete(node.name);
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    }
  }

  async function rows<Row extends pg.QueryResultRow>(
    node: PairNode,
    text: string,
    database = "farrier",
  ): Promise<Row[]> {
    const client = new pg.Client({
      ...{ host: "127.0.0.1", port: node.port, user: "farrier", database },
      ...{ connectionTimeoutMillis: 5_000, query_timeout: 20_000 },
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** From now on a commit waits until the standby has it. */
  async function synchronous(primary: PairNode, standby: PairNode): Promise<void> {
    await rows(primary, `ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (${standby.name})'`, "postgres");
    await rows(primary, "SELECT pg_reload_conf()", "postgres");
    await waitFor(
      `${standby.name} to be the synchronous standby`,
      async () => {
        const found = await rows<{ sync_state: string }>(
          primary,
          `SELECT sync_state FROM pg_stat_replication WHERE application_name = '${standby.name}' AND state = 'streaming'`,
          "postgres",
        );
        return found.some(({ sync_state }) => sync_state === "quorum" || sync_state === "sync");
      },
      { timeoutMs: 60_000, intervalMs: 20 },
    );
  }

  await run("initdb", "-D", data(a), "-U", "farrier", "-A", "trust", "-E", "UTF8", "-N", "--wal-segsize=1");
  await appendFile(
    join(data(a), "postgresql.conf"),
    `listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\nwal_level = replica\n` +
      `hot_standby = on\nwal_log_hints = on\nwal_keep_size = '512MB'\nmax_wal_senders = 5\nmax_connections = 100\n` +
      `synchronous_commit = remote_apply\nshared_buffers = '64MB'\n`,
  );
  await start(a);
  await rows(a, "CREATE DATABASE farrier", "postgres");
  await run("pg_basebackup", "-D", data(b), "-X", "stream", "-c", "fast", "-N", "-R", "-d", conninfo(a, b));
  await start(b);
  await synchronous(a, b);
  const release = stack.move();
  return {
    nodes,
    other,
    kill,
    rows,
    promote: async (node) => {
      await rows(node, "ALTER SYSTEM SET synchronous_standby_names = ''", "postgres");
      await rows(node, "SELECT pg_reload_conf()", "postgres");
      await rows(node, "SELECT pg_promote(true, 30)", "postgres");
    },
    rejoin: async (node) => {
      const primary = other(node);
      // Until its first checkpoint a promoted one's control file has the old timeline, and pg_rewind sees nothing to do.
      await rows(primary, "CHECKPOINT", "postgres");
      // A killed one has been asked to end; what is left of its processes ends by itself.
      await rm(join(data(node), "postmaster.pid"), { force: true });
      await run("pg_rewind", "-D", data(node), `--source-server=${conninfo(primary, node)} dbname=postgres`, "-N");
      await writeFile(join(data(node), "standby.signal"), "");
      await appendFile(
        join(data(node), "postgresql.auto.conf"),
        `primary_conninfo = '${conninfo(primary, node)}'\nsynchronous_standby_names = ''\n`,
      );
      if (user !== undefined) {
        await chown(join(data(node), "standby.signal"), user.uid, user.gid);
      }
      await start(node);
      await synchronous(primary, node);
    },
    [Symbol.asyncDispose]: async () => await release.disposeAsync(),
  };
}

/** PostgreSQL refuses to run as root. */
async function ordinaryUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  const passwd = await readFile("/etc/passwd", "utf8");
  return findUser(passwd, "postgres") ?? findUser(passwd, "nobody");
}
