import type { BodyEnd } from "./http-head.ts";

const lineMost = 1024;
const newline = 0x0a;

/** The connection ended before the body's end. */
export class CutShort extends Error {
  constructor() {
    super("the connection was closed");
    this.name = "CutShort";
  }
}

/**
 * The body's bytes from the connection's pieces; each is valid only until the next is requested.
 * @throws {CutShort}; {SyntaxError} if chunks are malformed; what `next` throws
 */
export async function* httpBody(end: BodyEnd, next: () => Promise<Buffer | undefined>): AsyncGenerator<Buffer> {
  switch (end.kind) {
    case "close":
      for (let piece = await next(); piece !== undefined; piece = await next()) {
        yield piece;
      }
      return;
    case "length": {
      for (let left = end.bytes; left > 0n;) {
        const piece = await next();
        if (piece === undefined) {
          throw new CutShort();
        }
        const wanted = left < BigInt(piece.length) ? piece.subarray(0, Number(left)) : piece;
        left -= BigInt(wanted.length);
        yield wanted;
      }
      return;
    }
    case "chunked":
      yield* chunked(next);
  }
}

/** RFC 9112, 7.1: a line with the length in hexadecimal, that many bytes, a line end; length 0 is the last chunk. */
async function* chunked(next: () => Promise<Buffer | undefined>): AsyncGenerator<Buffer> {
  let piece: Buffer = Buffer.alloc(0);
  const more = async (): Promise<void> => {
    while (piece.length === 0) {
      const came = await next();
      if (came === undefined) {
        throw new CutShort();
      }
      piece = came;
    }
  };
  const line = async (): Promise<string> => {
    let text = "";
    for (;;) {
      await more();
      const at = piece.indexOf(newline);
      text += piece.toString("latin1", 0, at === -1 ? piece.length : at);
      piece = at === -1 ? Buffer.alloc(0) : piece.subarray(at + 1);
      if (text.length > lineMost) {
        throw new SyntaxError("a chunk's line is too long");
      }
      if (at !== -1) {
        return text.replace(/\r$/u, "");
      }
    }
  };
  for (;;) {
    const size = /^(?<hex>[0-9a-f]{1,13})[ \t]*(?:;.*)?$/iu.exec(await line())?.groups?.["hex"];
    if (size === undefined) {
      throw new SyntaxError("a chunk's length is malformed");
    }
    let left = Number.parseInt(size, 16);
    if (left === 0) {
      // Trailers, which are not needed, up to an empty line.
      while ((await line()) !== "") {
        // Read and ignored.
      }
      return;
    }
    while (left > 0) {
      await more();
      const wanted = piece.subarray(0, left);
      left -= wanted.length;
      piece = piece.subarray(wanted.length);
      yield wanted;
    }
    if ((await line()) !== "") {
      throw new SyntaxError("a chunk is longer than it says");
    }
  }
}
