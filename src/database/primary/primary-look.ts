import pg from "pg";
import type { DatabaseHost, UrlAddress } from "../address/database-address.ts";
import { systemClock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import { clientConfig } from "../connection/client-config.ts";
import { socketOf } from "../connection/socket.ts";
import type { PrimaryLook } from "./primary-decide.ts";

/** Milliseconds within which a host must answer. */
const lookLimit = 1_000;

/** The first eight digits of the current WAL file's name are its timeline, even right after a promotion. */
const question = `
  SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS standby,
    CASE WHEN NOT pg_is_in_recovery()
      THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer END AS timeline,
    (SELECT system_identifier FROM pg_control_system())::text AS system`;

/** For servers whose permissions hide the other values. */
const shortQuestion = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS standby";

interface Answer {
  standby: boolean;
  timeline?: number | null;
  system?: string | null;
}

/**
 * Asks one host whether it is the primary, every `pace` milliseconds until the signal aborts. The questions share one
 * connection while it lives, so a promoted standby is noticed with the next answer, without the cost of a new
 * connection. Never rejects; it may outlast the signal by the second that an answer may take.
 */
export async function primaryLooks(
  address: UrlAddress,
  host: DatabaseHost,
  { pace, signal, seen }: { pace: number; signal: AbortSignal; seen: (look: PrimaryLook) => void },
): Promise<void> {
  let client: pg.Client | undefined;
  while (!signal.aborted) {
    const { look, open } = await ask(client, address, host);
    client = open;
    if (!signal.aborted) {
      seen(look);
      await systemClock.sleep(pace, signal).catch(() => undefined); // The search is over.
    }
  }
  await client?.end().catch(() => undefined); // The connection is closed already.
}

/** One answer within `lookLimit`, with the connection that it came over; undefined if the connection is closed. */
async function ask(
  before: pg.Client | undefined,
  address: UrlAddress,
  host: DatabaseHost,
): Promise<{ look: PrimaryLook; open: pg.Client | undefined }> {
  const client = before ?? connection(address, host);
  const late = new Error(`it did not answer in ${lookLimit / 1_000} s`);
  const timer = setTimeout(() => socketOf(client).destroy(late), lookLimit);
  try {
    if (before === undefined) {
      await client.connect();
    }
    const { rows } = await client.query<Answer>(question).catch(() => client.query<Answer>(shortQuestion));
    const { standby = true, timeline, system } = rows[0] ?? {};
    const look: PrimaryLook = {
      answered: true,
      standby,
      ...(typeof timeline === "number" ? { timeline } : {}),
      ...(typeof system === "string" ? { system } : {}),
    };
    return { look, open: client };
  } catch (error) {
    void client.end().catch(() => undefined); // The connection is closed already.
    return { look: { answered: false, reason: describeError(error) }, open: undefined };
  } finally {
    clearTimeout(timer);
  }
}

function connection(address: UrlAddress, host: DatabaseHost): pg.Client {
  const client = new pg.Client({
    ...clientConfig(address, { application_name: "farrier primary", connectionTimeoutMillis: lookLimit }),
    ...host,
  });
  // An error of the connection also fails the question.
  client.on("error", () => undefined);
  return client;
}
