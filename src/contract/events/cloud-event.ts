// What happened, as it goes out: CloudEvents 1.0 in JSON (https://github.com/cloudevents/spec).

/** An entry of history. */
export interface OutgoingEvent {
  /** Unique in the database. */
  id: bigint | string;
  /** Its kind, such as `installation_succeeded`. */
  event: string;
  at: Date;
  machineId: string;
  /** The machine's name now; absent if it has none, or is deleted. */
  machineName?: string;
  actor: { kind: string; name: string };
  generation?: bigint;
  process?: string;
  detail: Record<string, unknown>;
}

/** The media type of {@link cloudEventJson}. */
export const cloudEventType = "application/cloudevents+json";

/** The event's type in CloudEvents: `farrier.installation_succeeded`. */
export const cloudEventName = (event: string): string => `farrier.${event}`;

/**
 * The event as CloudEvents JSON on one line. Pure.
 * @param source identifies the database
 * @param cursor an extension attribute: where a reader continues
 */
export function cloudEventJson(event: OutgoingEvent, source: string, cursor?: string): string {
  const { detail } = event;
  return JSON.stringify({
    specversion: "1.0",
    id: String(event.id),
    source,
    type: cloudEventName(event.event),
    subject: event.machineId,
    time: event.at.toISOString(),
    ...(cursor === undefined ? {} : { cursor }),
    datacontenttype: "application/json",
    data: {
      machine_id: event.machineId,
      ...(event.machineName === undefined ? {} : { machine: event.machineName }),
      actor: event.actor,
      // As text, as protobuf's JSON has it: JavaScript's numbers end at 2^53.
      ...(event.generation === undefined ? {} : { generation: String(event.generation) }),
      ...(event.process === undefined ? {} : { process: event.process }),
      detail,
    },
  });
}

/** The `source` of a database's events. */
export const cloudEventSource = (origin: string): string => `urn:farrier:${origin}`;
