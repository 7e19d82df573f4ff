import { describeError } from "../../lib/errors.ts";
import { errorAnswer, type SimulatedAnswer } from "./answer.ts";
import type { SimulatedCall } from "./call.ts";
import type { MakerShape } from "./shape.ts";
import type { SimulatedState } from "./state.ts";

type Json = Readonly<Record<string, unknown>>;

/** The resource of a slot for virtual media. */
export function slotBody({ shape, media }: SimulatedState, path: string): Record<string, unknown> {
  const content = media.get(path);
  const isInserted = content?.inserted === true;
  const action = (name: string): Json => ({
    [`#VirtualMedia.${name}`]: { target: `${path}/Actions/VirtualMedia.${name}` },
  });
  return {
    MediaTypes: ["CD", "DVD"],
    Image: content === undefined || (!isInserted && !has(shape, "image-stays")) ? null : content.image,
    Inserted: isInserted,
    ConnectedVia: isInserted ? "URI" : "NotConnected",
    ...(shape.media?.actions === true ? { Actions: { ...action("InsertMedia"), ...action("EjectMedia") } } : {}),
  };
}

/** Carries out a change of virtual media; undefined if the call is none. */
export async function mediaAnswer(
  state: SimulatedState,
  call: SimulatedCall,
  json: Json,
): Promise<SimulatedAnswer | undefined> {
  const { shape } = state;
  const match = /^(?<slot>.*\/VirtualMedia\/[^/]+)(?:\/Actions\/VirtualMedia\.(?<action>Insert|Eject)Media)?$/u.exec(
    call.path,
  );
  const slot = match?.groups?.["slot"] ?? "";
  const name = slot.slice(slot.lastIndexOf("/") + 1);
  if (shape.media?.slots.includes(name) !== true) {
    return undefined;
  }
  const action = match?.groups?.["action"];
  if (call.method === "PATCH" && action === undefined && !shape.media.actions) {
    return typeof json["Image"] === "string" ? insert(state, slot, json) : eject(state, slot);
  }
  if (call.method !== "POST" || !shape.media.actions || action === undefined) {
    return undefined;
  }
  if (action === "Eject") {
    return has(shape, "no-body") && call.text !== ""
      ? errorAnswer(400, "UnrecognizedRequestBody", "The request body is not recognised.")
      : eject(state, slot);
  }
  return has(shape, "first-refuses") && name === shape.media.slots[0]
    ? errorAnswer(405, "OperationNotAllowed", "This slot is for the browser.")
    : insert(state, slot, json);
}

async function insert(state: SimulatedState, slot: string, json: Json): Promise<SimulatedAnswer> {
  const { shape, media, machine } = state;
  const image = json["Image"];
  if (typeof image !== "string" || URL.parse(image) === null) {
    return errorAnswer(400, "PropertyValueFormatError", `${String(image)} is no URL.`, ["Image"]);
  }
  const refused = ["Inserted", "WriteProtected"].find((field) => field in json);
  if (has(shape, "few-fields") && refused !== undefined) {
    return errorAnswer(400, "ActionParameterUnknown", `The parameter ${refused} is not known.`, [refused]);
  }
  for (const [quirk, field] of [
    ["needs-protocol", "TransferProtocolType"],
    ["needs-protocol", "TransferMethod"],
    ["needs-login", "UserName"],
    ["needs-login", "Password"],
  ] as const) {
    if (has(shape, quirk) && json[field] === undefined) {
      return errorAnswer(400, "ActionParameterMissing", `The parameter ${field} is missing.`, [field]);
    }
  }
  if (has(shape, "no-replace") && media.get(slot)?.inserted === true) {
    return errorAnswer(500, "VRM0012", `Unable to attach ${image}: a medium is attached.`);
  }
  return mediumChange(machine, image, () => media.set(slot, { image, inserted: true }));
}

async function eject({ media, machine }: SimulatedState, slot: string): Promise<SimulatedAnswer> {
  return mediumChange(machine, undefined, () => {
    const content = media.get(slot);
    if (content !== undefined) {
      media.set(slot, { ...content, inserted: false });
    }
  });
}

async function mediumChange(
  machine: SimulatedState["machine"],
  image: string | undefined,
  changed: () => void,
): Promise<SimulatedAnswer> {
  try {
    await machine.mediumSet?.(image);
  } catch (error) {
    return errorAnswer(400, "ResourceMissingAtURI", describeError(error));
  }
  changed();
  return { status: 204 };
}

function has({ mediaQuirks }: MakerShape, quirk: MakerShape["mediaQuirks"][number]): boolean {
  return mediaQuirks.includes(quirk);
}
