import { create, fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import {
  AgentInitSchema,
  type TakeoverInit,
  TakeoverInitSchema,
  TakeoverResponseSchema,
} from "../../../gen/cloud/agent/api/takeover_pb.ts";
import { agentKey, type AgentKey } from "../../database/ids.ts";
import { TakeoverError } from "./errors.ts";
import { hostOutput } from "./host-output.ts";

const keyBytes = 32;

/** TakeoverInit as it is sent. Pure. */
export function takeoverInitBytes(init: TakeoverInit): Uint8Array {
  return toBinary(TakeoverInitSchema, init);
}

/** The agent's init file up to the private key, which the host adds: JSON without its last brace. Pure. */
export function agentInitHead(init: TakeoverInit, networkConfig: string | undefined): string {
  const text = toJsonString(
    AgentInitSchema,
    create(AgentInitSchema, {
      takeoverInit: init,
      ...(networkConfig === undefined ? {} : { networkConfig: new Uint8Array(Buffer.from(networkConfig)) }),
    }),
  );
  return text.slice(0, -1);
}

/**
 * The public key in the host's answer.
 * @param sent TakeoverInit as it was sent
 * @param clean removes what opens the host from its words
 * @throws {TakeoverError} `program_failed` if the host reports an error, or the answer is not valid, or does not echo what was sent
 */
export function takeoverKey(answer: Uint8Array, sent: Uint8Array, clean: (text: string) => string): AgentKey {
  const invalid = (what: string, cause?: unknown): TakeoverError =>
    new TakeoverError("program_failed", `the takeover program's answer ${what}: nothing was changed`, { cause });
  let response;
  try {
    response = fromBinary(TakeoverResponseSchema, answer);
  } catch (error) {
    throw invalid(`is no TakeoverResponse (${answer.length} bytes)`, error);
  }
  switch (response.result.case) {
    case "error":
      throw new TakeoverError("kexec_refused", hostOutput(clean(response.result.value.message)));
    case "success": {
      const { key } = response.result.value;
      if (key.length !== keyBytes) {
        throw invalid(`has a key of ${key.length} bytes, expected ${keyBytes}`);
      }
      if (!Buffer.from(initMessageBytes(answer) ?? []).equals(sent)) {
        throw invalid("repeats another init message than was sent");
      }
      return agentKey(key);
    }
    case undefined:
      throw invalid("has no result");
  }
}

/**
 * The bytes of `success.init_message` as they were received. Decoded and encoded again, two different messages may
 * become equal.
 */
function initMessageBytes(answer: Uint8Array): Uint8Array | undefined {
  const success = onlyField(answer, 1);
  return success === undefined ? undefined : onlyField(success, 1);
}

/** The content of a length-delimited field; undefined if it is not there exactly once. */
function onlyField(message: Uint8Array, wanted: number): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = message[at] ?? 0;
      at += 1;
      value |= (byte & 0x7f) << shift;
      if (byte < 128) {
        return value;
      }
    }
    return Number.MAX_SAFE_INTEGER;
  };
  while (at < message.length) {
    const tag = varint();
    const length = varint();
    if ((tag & 7) !== 2 || at + length > message.length) {
      return undefined;
    }
    if (tag >> 3 === wanted) {
      if (found !== undefined) {
        return undefined;
      }
      found = message.subarray(at, at + length);
    }
    at += length;
  }
  return found;
}
