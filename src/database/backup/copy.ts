import { once } from "node:events";
import type { Socket } from "node:net";
import type pg from "pg";

// PostgreSQL's COPY over node-postgres, whose client accepts any object with these methods as a query.
// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY

/** The parts of a node-postgres connection that COPY needs; no type declares them. */
interface Connection {
  stream: Socket;
  query(text: string): void;
  sendCopyFromChunk(chunk: Uint8Array): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

/** Bytes that may wait for the reader of a COPY before the socket is paused. */
const waitingLimit = 1 << 20;

/** The callbacks for a client's answers. */
interface Submitted {
  submit(connection: Connection): void;
  handleError(error: Error): void;
  handleCommandComplete(message: { text: string }): void;
  handleReadyForQuery(): void;
  handleCopyData(message: { chunk: Buffer }): void;
  handleCopyInResponse(): void;
}

function submit(client: pg.ClientBase, query: Submitted): void {
  client.query(query as unknown as pg.Submittable);
}

/**
 * The rows of a `COPY … TO STDOUT` as they arrive, one or more lines at a time. A reader that stops early must end the
 * client.
 */
export async function* copyOut(client: pg.ClientBase, text: string): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let size = 0;
  let ended = false;
  let failure: Error | undefined;
  let wake = (): void => undefined;
  let connection: Connection | undefined;
  submit(client, {
    submit: (given) => {
      connection = given;
      given.query(text);
    },
    handleCopyData: ({ chunk }) => {
      waiting.push(chunk);
      size += chunk.length;
      if (size > waitingLimit) {
        connection?.stream.pause();
      }
      wake();
    },
    handleError: (error) => {
      failure = error;
      wake();
    },
    handleCommandComplete: () => undefined,
    handleReadyForQuery: () => {
      ended = true;
      wake();
    },
    handleCopyInResponse: () => undefined,
  });
  for (;;) {
    if (failure !== undefined) {
      throw failure;
    }
    if (size > 0) {
      const rows = Buffer.concat(waiting);
      [waiting, size] = [[], 0];
      connection?.stream.resume();
      yield rows;
    } else if (ended) {
      return;
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}

/** Feeds a `COPY … FROM STDIN`; resolves to the number of rows. */
export async function copyIn(client: pg.ClientBase, text: string, rows: AsyncIterable<Uint8Array>): Promise<number> {
  let connection: Connection | undefined;
  let begin = (): void => undefined;
  let tag = "";
  const ready = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const done = new Promise<void>((resolve, reject) => {
    submit(client, {
      submit: (given) => {
        connection = given;
        given.query(text);
      },
      handleCopyData: () => undefined,
      handleCopyInResponse: () => begin(),
      handleError: reject,
      handleCommandComplete: (message) => {
        tag = message.text;
      },
      handleReadyForQuery: resolve,
    });
  });
  // It may be rejected before anybody awaits it.
  done.catch(() => undefined);
  await Promise.race([ready, done]);
  const to = connection as unknown as Connection;
  try {
    for await (const chunk of rows) {
      to.sendCopyFromChunk(chunk);
      if (to.stream.writableNeedDrain) {
        await Promise.race([once(to.stream, "drain"), done]);
      }
    }
  } catch (error) {
    to.sendCopyFail("the reader of the rows failed");
    await done.catch(() => undefined);
    throw error;
  }
  to.endCopyFrom();
  await done;
  return Number(/^COPY (?<count>\d+)$/u.exec(tag)?.groups?.["count"] ?? Number.NaN);
}
