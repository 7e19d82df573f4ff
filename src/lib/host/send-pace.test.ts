import { PassThrough, Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { paced, pieceBytes, turnBytes } from "./send-pace.ts";

/** Takes all bytes at once, and calls `took` with their number. */
function sink(took: (bytes: number) => void): Writable {
  return new Writable({
    highWaterMark: 1 << 30,
    write: (piece: Buffer, _encoding, done) => {
      took(piece.length);
      done();
    },
  });
}

test("many transfers together send a bounded number of bytes in a turn of the event loop, and all of them end", async () => {
  const piece = Buffer.alloc(pieceBytes);
  const turns: number[] = [0];
  let sent = 0;
  let ended = false;
  const count = (): void => {
    turns.push(0);
    if (!ended) {
      setImmediate(count);
    }
  };
  setImmediate(count);
  const transfers = Array.from({ length: 20 }, () =>
    pipeline(
      Readable.from(Array.from({ length: 16 }, () => piece)),
      paced,
      sink((bytes) => {
        sent += bytes;
        turns[turns.length - 1] = (turns.at(-1) ?? 0) + bytes;
      }),
    ),
  );
  await Promise.all(transfers);
  ended = true;
  expect(sent).toBe(20 * 16 * pieceBytes);
  // A turn ends in the middle of a round of callbacks, so two may fall into one round.
  expect(Math.max(...turns)).toBeLessThanOrEqual(2 * turnBytes);
});

test("a transfer that breaks off does not hold up the others", async () => {
  const piece = Buffer.alloc(pieceBytes);
  const source = new PassThrough({ highWaterMark: 1 << 30 });
  source.write(piece);
  let got = 0;
  const gone = sink(() => undefined);
  const broken = pipeline(source, paced, gone).catch((error: unknown) => error);
  gone.destroy(new Error("switched off"));
  const other = pipeline(
    Readable.from(Array.from({ length: 8 }, () => piece)),
    paced,
    sink((bytes) => (got += bytes)),
  );
  await other;
  expect(got).toBe(8 * pieceBytes);
  expect(await broken).toMatchObject({ message: "switched off" });
  expect(source.destroyed).toBe(true);
});
