/**
 * Bytes that all transfers of this process together hand to the kernel in one turn of the event loop: at a gigabyte a
 * second, a quarter of a millisecond. Other calls in this process wait that long, not for all transfers.
 */
export const turnBytes = 256 << 10;

/** Bytes of a file that are read at once: more makes turns longer, less costs calls. */
export const pieceBytes = 128 << 10;

/** Transfers that wait for a turn, the first to ask first. */
const waiting: { bytes: number; begin: () => void }[] = [];
let left = turnBytes;
let turnEnds = false;

/** Passes a stream's pieces on, and lets other work of this process come between them. */
export async function* paced(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of stream) {
    await turn(piece.length);
    yield piece;
  }
}

/** Resolves when this many bytes may be sent. */
async function turn(bytes: number): Promise<void> {
  if (!turnEnds) {
    turnEnds = true;
    setImmediate(nextTurn);
  }
  if (left > 0 && waiting.length === 0) {
    left -= bytes;
    return;
  }
  await new Promise<void>((begin) => waiting.push({ bytes, begin }));
}

function nextTurn(): void {
  left = turnBytes;
  turnEnds = waiting.length > 0;
  if (turnEnds) {
    setImmediate(nextTurn);
  }
  while (left > 0) {
    const next = waiting.shift();
    if (next === undefined) {
      return;
    }
    left -= next.bytes;
    next.begin();
  }
}
