/**
 * Reads the first bytes of a stream, at most `length`, and returns them with a stream of all its bytes. `peek` throws
 * what the source throws meanwhile. Like the source's, a piece is valid only until the next is requested.
 */
export async function peek(
  source: AsyncIterable<Buffer>,
  length: number,
): Promise<{ head: Buffer; body: AsyncIterable<Buffer> }> {
  const iterator = source[Symbol.asyncIterator]();
  const taken: Buffer[] = [];
  let total = 0;
  while (total < length) {
    const next = await iterator.next();
    if (next.done === true) {
      break;
    }
    // A piece is valid only until the next is requested.
    taken.push(Buffer.from(next.value));
    total += next.value.length;
  }
  const first = Buffer.concat(taken);
  async function* body(): AsyncGenerator<Buffer> {
    try {
      if (first.length > 0) {
        yield first;
      }
      for (;;) {
        const next = await iterator.next();
        if (next.done === true) {
          return;
        }
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head: first.subarray(0, length), body: body() };
}
