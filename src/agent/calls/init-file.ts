import { X509Certificate } from "node:crypto";
import { constants } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { fromJsonString, toJsonString } from "@bufbuild/protobuf";
import type { AgentInit } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import { AgentInitSchema } from "../../../gen/cloud/agent/api/takeover_pb.ts";
import { ed25519PrivateKeyObject } from "../../lib/tls/ed25519.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { describeError, errorCode } from "../../lib/errors.ts";
import { systemWords } from "../../lib/host/system-words.ts";
import { parseHostPort } from "../../lib/net/host-port.ts";
import { temporaryName } from "../../lib/host/temporary-name.ts";
import { AgentError } from "../errors.ts";

// The file holds the private key: only its owner may read or write it.
const ownerOnly = 0o600;
const groupAndOthers = 0o077;
/** The first byte of every certificate in DER (X.690: SEQUENCE). */
const derSequence = 0x30;

/**
 * Reads and checks an agent's init file: AgentInit as protobuf JSON. Fields of a newer version are ignored.
 * @throws {AgentError} `init_invalid`, naming the file and the field
 */
export async function agentInitRead(path: string): Promise<AgentInit> {
  let text: string;
  try {
    await using file = await open(path, constants.O_RDONLY);
    const found = await file.stat();
    const { mode } = found;
    if (!found.isFile()) {
      throw new AgentError(
        "init_invalid",
        `init file ${path} is no file: expected an init file, \`farrier agent init --help\` says how to make one`,
      );
    }
    if ((mode & groupAndOthers) !== 0) {
      throw new AgentError(
        "init_invalid",
        `init file ${path} holds a private key, but users other than its owner can read or write it (mode ` +
          `${(mode & 0o777).toString(8)}, expected 600): chmod 600 ${path}, or make a new one`,
      );
    }
    text = await file.readFile("utf8");
  } catch (error) {
    if (error instanceof AgentError) {
      throw error;
    }
    if (errorCode(error) === "ENOENT") {
      const make = `make one where the control plane's operators work, and bring it here: \`farrier agent init --help\` says how`;
      throw new AgentError("init_invalid", `there is no init file ${path}: ${make}`);
    }
    throw new AgentError("init_invalid", `init file ${path} can't be read ${systemWords(error)}`, { cause: error });
  }
  let init: AgentInit;
  try {
    init = fromJsonString(AgentInitSchema, text, { ignoreUnknownFields: true });
  } catch {
    // The parser's message may quote its input, which may contain the key: only the kind of error is reported.
    const kind = isJson(text) ? "a field has a wrong type" : "it is not JSON";
    throw new AgentError(
      "init_invalid",
      `init file ${path} is not an AgentInit in protobuf JSON: ${kind}; make a new one: \`farrier agent init --help\` says how`,
    );
  }
  try {
    initCheck(init);
  } catch (error) {
    throw new AgentError("init_invalid", `init file ${path}: ${describeError(error)}`);
  }
  return init;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes an init file, readable by its owner only from the first moment, and flushed to the disk on return.
 * @throws {AgentError} `init_invalid` if the file exists and `overwrite` is not set, or if it can't be written
 */
export async function initFileWrite(path: string, init: AgentInit, options?: { overwrite?: boolean }): Promise<void> {
  initCheck(init);
  const temporary = options?.overwrite === true ? temporaryName(path) : undefined;
  const written = temporary ?? path;
  try {
    {
      await using file = await open(written, "wx", ownerOnly);
      await file.writeFile(`${toJsonString(AgentInitSchema, init, { prettySpaces: 2 })}\n`);
      await file.sync();
    }
    if (temporary !== undefined) {
      await rename(temporary, path);
    }
    await using directory = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
    await directory.sync();
  } catch (error) {
    if (errorCode(error) === "EEXIST") {
      throw new AgentError("init_invalid", `${written} is there already: remove it, or choose another file`);
    }
    if (temporary !== undefined) {
      await rm(temporary, { force: true });
    }
    throw new AgentError("init_invalid", `init file ${path} can't be written ${systemWords(error)}`, { cause: error });
  }
}

/** Checks what an agent needs to start. @throws {AgentError} `init_invalid`, naming the field */
export function initCheck(init: AgentInit): asserts init is AgentInit & { takeoverInit: object } {
  const takeover = init.takeoverInit;
  if (takeover === undefined) {
    throw new AgentError("init_invalid", "takeoverInit is missing: expected machineId and bmaasEndpoint in it");
  }
  if (!isUuid(takeover.machineId)) {
    throw new AgentError("init_invalid", `takeoverInit.machineId is "${takeover.machineId}", expected a UUID`);
  }
  try {
    const { host, port } = parseHostPort(takeover.bmaasEndpoint);
    if (host === "" || port === 0) {
      throw new RangeError(`"${takeover.bmaasEndpoint}" names no host, or port 0`);
    }
  } catch (cause) {
    throw new AgentError("init_invalid", "takeoverInit.bmaasEndpoint does not say where the control plane is", {
      cause,
    });
  }
  certificateCheck(takeover.caCertificate);
  try {
    ed25519PrivateKeyObject(init.privateKey);
  } catch (cause) {
    throw new AgentError("init_invalid", "privateKey", { cause });
  }
}

/** A CA that can't be read would be passed over in silence: no server would ever be trusted, and nobody told why. */
function certificateCheck(der: Uint8Array): void {
  if (der.length === 0) {
    return;
  }
  try {
    if (der[0] !== derSequence) {
      throw new RangeError("it does not begin as DER does; PEM has to be converted");
    }
    void new X509Certificate(der);
  } catch (cause) {
    const expected = "takeoverInit.caCertificate is no certificate: expected its DER in base64, or nothing";
    throw new AgentError("init_invalid", expected, { cause });
  }
}
