import pg from "pg";
import type { DatabaseHost, UrlAddress } from "../address/database-address.ts";
import { describeError } from "../../lib/errors.ts";
import { clientConfig } from "../client-config.ts";
import { socketOf } from "../socket.ts";
import type { PrimaryLook } from "./primary-decide.ts";

/** Milliseconds in which a host must have answered. */
const lookLimit = 1_000;

/** The first eight digits of the file that is written to are its timeline, also right after a promotion. */
const question = `
  SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS standby,
    CASE WHEN NOT pg_is_in_recovery()
      THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer END AS timeline,
    (SELECT system_identifier FROM pg_control_system())::text AS system`;

/** For servers that keep the rest to themselves. */
const shortQuestion = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS standby";

interface Answer {
  standby: boolean;
  timeline?: number | null;
  system?: string | null;
}

/** Asks one host, over a connection of its own, whether it is the primary. Never rejects. */
export async function primaryLook(address: UrlAddress, host: DatabaseHost): Promise<PrimaryLook> {
  const client = new pg.Client({
    ...clientConfig(address, { application_name: "farrier primary", connectionTimeoutMillis: lookLimit }),
    ...host,
  });
  // What breaks the connection is told by what then fails.
  client.on("error", () => undefined);
  const late = new Error(`it did not answer in ${lookLimit / 1_000} s`);
  const timer = setTimeout(() => socketOf(client).destroy(late), lookLimit);
  try {
    await client.connect();
    const { rows } = await client.query<Answer>(question).catch(() => client.query<Answer>(shortQuestion));
    const { standby = true, timeline, system } = rows[0] ?? {};
    return {
      answered: true,
      standby,
      ...(typeof timeline === "number" ? { timeline } : {}),
      ...(typeof system === "string" ? { system } : {}),
    };
  } catch (error) {
    return { answered: false, reason: describeError(error) };
  } finally {
    clearTimeout(timer);
    void client.end().catch(() => undefined); // It is gone already.
  }
}
