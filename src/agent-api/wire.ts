// Just enough of protobuf's wire format to take a heartbeat apart without touching the reports in it: they are stored
// byte for byte. https://protobuf.dev/programming-guides/encoding/

/** One field of a message: its number, and its value where it is a varint or length-delimited. */
export type WireField =
  | { number: number; type: "varint"; value: bigint }
  | { number: number; type: "bytes"; value: Buffer }
  | { number: number; type: "fixed" };

/**
 * The fields of a message in their order.
 * @throws {RangeError} where the bytes are not a protobuf message
 */
export function wireFields(message: Buffer): WireField[] {
  const fields: WireField[] = [];
  let at = 0;

  function varint(): bigint {
    // Most are one byte: tags below 16 and short lengths.
    const first = message[at];
    if (first !== undefined && first < 0x80) {
      at += 1;
      return BigInt(first);
    }
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at];
      if (byte === undefined) {
        throw new RangeError("the message ends within a number");
      }
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        return BigInt.asUintN(64, value);
      }
    }
    throw new RangeError("the message has a number of more than 10 bytes");
  }

  function skip(length: number): number {
    const from = at;
    if (length > message.length - at) {
      throw new RangeError("the message ends within a field");
    }
    at += length;
    return from;
  }

  while (at < message.length) {
    const tag = Number(varint());
    const number = Math.floor(tag / 8);
    if (number < 1 || number > 0x1fff_ffff) {
      throw new RangeError("the message has a field number out of range");
    }
    switch (tag % 8) {
      case 0:
        fields.push({ number, type: "varint", value: varint() });
        break;
      case 1:
        skip(8);
        fields.push({ number, type: "fixed" });
        break;
      case 2: {
        const length = Number(varint());
        const from = skip(length);
        fields.push({ number, type: "bytes", value: message.subarray(from, from + length) });
        break;
      }
      case 5:
        skip(4);
        fields.push({ number, type: "fixed" });
        break;
      default:
        // Groups: not in proto3.
        throw new RangeError("the message has a field of an unknown kind");
    }
  }
  return fields;
}

/** A length-delimited field: its tag, length and value. */
export function wireBytes(number: number, value: Uint8Array): Buffer[] {
  return [Buffer.concat([wireVarint(BigInt(number * 8 + 2)), wireVarint(BigInt(value.length))]), value as Buffer];
}

/** A varint field: its tag and value. */
export function wireNumber(number: number, value: bigint): Buffer {
  return Buffer.concat([wireVarint(BigInt(number * 8)), wireVarint(BigInt.asUintN(64, value))]);
}

function wireVarint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
