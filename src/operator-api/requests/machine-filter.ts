import { z } from "zod";
import type { MachineFilter } from "../../database/queries/views/machine-list-filter.ts";
import { stateNamed } from "../messages/state-message.ts";
import { labelsField, text } from "./validate.ts";

/** The conditions of a list of machines, as fields of its request. */
export const machineFilterFields = {
  labels: labelsField,
  states: z
    .array(z.number())
    .max(64, "expected at most 64 states")
    .refine((states) => states.every((state) => stateNamed(state) !== undefined), "this server knows no such state")
    .transform((states) => states.flatMap((state) => stateNamed(state) ?? [])),
  providers: z
    .array(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/u, "expected a provider's name, such as static"))
    .max(32, "expected at most 32 providers"),
  namePrefix: text(63),
  search: text(256),
  deadlineMissed: z.boolean(),
  location: text(256),
};

/** A field with such conditions; absent means none. */
export const machineFilterField = z.object(machineFilterFields).optional();

/** The filter that all machines meet. */
export const anyMachine: MachineFilter = {
  labels: {},
  states: [],
  providers: [],
  namePrefix: "",
  search: "",
  deadlineMissed: false,
  location: "",
};
