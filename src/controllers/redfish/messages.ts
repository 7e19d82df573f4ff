import { startWithoutSecrets } from "../../lib/secret-forms.ts";
import { printable } from "../../lib/format/printable.ts";
import { type JsonObject, listOf, objectOf, textOf, textsOf, valueAt } from "./json.ts";

/** Maximum number of messages that are read in one answer, and of characters in one: an answer may have megabytes. */
const most = { messages: 32, text: 1 << 16 } as const;

/** One of a controller's messages. */
export interface RedfishMessage {
  /** The id without registry and version, such as "InsufficientPrivilege"; "" if the message has none. */
  id: string;
  text: string;
  args: readonly string[];
}

/**
 * The messages in an error, in an answer with annotations, or in a task. `@Message.ExtendedInfo` may be an object
 * instead of a list, `error.code` may be missing, and ids may lack a registry (row 51). Pure.
 * @param clean removes secrets from a text: controllers repeat in their messages what they received
 */
export function messagesOf(body: unknown, clean: (text: string) => string = (text) => text): readonly RedfishMessage[] {
  const error = objectOf(valueAt(body, "error"));
  const infos = [error["@Message.ExtendedInfo"], valueAt(body, "@Message.ExtendedInfo"), valueAt(body, "Messages")];
  const messages = infos.flatMap((info) => (Array.isArray(info) ? listOf(info) : [info]));
  const all = [...messages.slice(0, most.messages), { MessageId: error["code"], Message: error["message"] }];
  const found = all.map((value) => messageOf(value, clean)).filter(({ id, text }) => id !== "" || text !== "");
  return found.filter((message, index) => found.findIndex((other) => sameMessage(other, message)) === index);
}

/** The messages' text on one line of at most 400 characters; undefined = there is none. Pure. */
export function spoken(messages: readonly RedfishMessage[]): string | undefined {
  // "A general error has occurred. See ExtendedInfo …" is left out, because the other messages say more.
  const telling = messages.filter(({ id }) => id !== "GeneralError");
  const texts = (telling.length === 0 ? messages : telling).map(({ text, id }) => (text === "" ? id : text));
  const line = printable([...new Set(texts)].join(" ").replaceAll(/\s+/gu, " ").trim());
  return line === "" ? undefined : `${line.slice(0, 400)}${line.length > 400 ? "…" : ""}`;
}

function messageOf(value: unknown, clean: (text: string) => string): RedfishMessage {
  const message: JsonObject = objectOf(value);
  const whole = textOf(message["MessageId"]) ?? "";
  const said = startWithoutSecrets(textOf(message["Message"]) ?? "", clean, most.text);
  // No id is longer than what is looked at.
  const id = whole.length > most.text ? "" : whole;
  const cleaned = clean(id);
  return {
    // The id is compared, so it stays as it is; people read the text.
    id: withoutRegistry(id),
    text: said === "" && cleaned !== id ? withoutRegistry(cleaned) : said,
    args: textsOf(message["MessageArgs"]),
  };
}

function withoutRegistry(id: string): string {
  return id.slice(id.lastIndexOf(".") + 1);
}

function sameMessage(one: RedfishMessage, other: RedfishMessage): boolean {
  return one.id === other.id && one.text === other.text;
}
