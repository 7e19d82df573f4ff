// A command as it is about to be sent: the message, and what says the same on a command line and to curl.
import {
  create,
  toJsonString,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { callUnaryMethod } from "@connectrpc/connect-query";
import { curlTwin, shellLine } from "./twins.ts";

/** A command about one machine, ready to be sent as often as it takes: it is carried out once. */
export interface PreparedCommand {
  /** The machine's id, to tell results apart. */
  machineId: string;
  /** The machine's name, or its id where it has none. */
  title: string;
  /** The `farrier` line that does the same, with files that it needs before it. */
  cli: string;
  /** The curl call of the very message. */
  curl: string;
  /** Sends it once. @returns what was done, as a sentence */
  send: (transport: Transport, signal?: AbortSignal) => Promise<string>;
}

/** What {@link prepare} makes a command from. */
export interface Preparation<Input extends DescMessage, Output extends DescMessage> {
  machineId: string;
  title: string;
  method: DescMethodUnary<Input, Output>;
  message: MessageInitShape<Input>;
  /** The words after `farrier`, made from the message that is sent. */
  words: (message: MessageShape<Input>) => readonly string[];
  /** Shell lines before, for what no argument can hold. */
  files?: (message: MessageShape<Input>) => readonly string[];
  /** What was done, from the answer; may call further, as to wait for an operation's end. */
  done: (answer: MessageShape<Output>, transport: Transport) => string | Promise<string>;
}

/** Makes a command that can be sent, and its twins from the message that is sent. */
export function prepare<Input extends DescMessage, Output extends DescMessage>(
  preparation: Preparation<Input, Output>,
): PreparedCommand {
  const { machineId, title, method, done } = preparation;
  const message = create(method.input, preparation.message);
  return {
    machineId,
    title,
    get cli() {
      const line = shellLine(["farrier", ...preparation.words(message)]);
      return [...(preparation.files?.(message) ?? []), line].join("\n");
    },
    get curl() {
      return curlTwin(`${method.parent.typeName}/${method.name}`, toJsonString(method.input, message));
    },
    send: async (transport, signal) => {
      const answer = await callUnaryMethod(transport, method, message as MessageInitShape<Input>, {
        ...(signal === undefined ? {} : { signal }),
      });
      return done(answer, transport);
    },
  };
}
