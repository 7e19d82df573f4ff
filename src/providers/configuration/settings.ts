// What a file of providers may say: one schema a type. A further type is a schema here and a case in provider-of.ts.
import { z } from "zod";
import { parseSeconds } from "../../lib/format/parse-seconds.ts";
import { httpOrigin } from "../../lib/net/http-origin.ts";
import { argumentProblem, placeholdersAlways } from "../command/arguments.ts";
import { inventoryColumns } from "../inventory/columns.ts";
import { inventoryFormats } from "../inventory/row.ts";

const path = z.string().min(1, "expected a path").max(4096);
const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/u, "expected a-z, 0-9 and '-', beginning with a letter, at most 32 characters");

/** "30s", "5m", "2h", within bounds; in milliseconds. */
function duration(least: number, most: number, words: string) {
  return z.string().transform((text, context) => {
    const problem = `expected a duration from ${words}, such as ${words.split(" ")[0]}`;
    try {
      const milliseconds = parseSeconds(text) * 1000;
      if (milliseconds >= least && milliseconds <= most) {
        return milliseconds;
      }
    } catch {
      // The same words say what was expected.
    }
    context.addIssue({ code: "custom", message: problem });
    return z.NEVER;
  });
}

const columnNames = Object.keys(inventoryColumns);
const inventorySource = {
  file: path.optional(),
  url: z
    .string()
    .refine((text) => {
      const url = URL.parse(text);
      return url?.protocol === "https:" && url.username === "" && url.password === "";
    }, "expected https://HOST/PATH, without a user name or password")
    .optional(),
  format: z.enum(inventoryFormats).optional(),
  /** PEM file of the CA of the URL's server. */
  ca: path.optional(),
  every: duration(10_000, 86_400_000, "10s to 24h").optional(),
  columns: z
    .strictObject(Object.fromEntries(columnNames.map((column) => [column, z.string().min(1).max(256).optional()])))
    .optional(),
  controllers: z
    .strictObject({
      credential: z.string().min(1).max(128).optional(),
      ca: path.optional(),
      "system-roots": z.boolean().optional(),
      "clear-text": z.boolean().optional(),
    })
    .refine((value) => value.ca === undefined || value["system-roots"] !== true, {
      path: ["system-roots"],
      message: "is given, and so is ca: expected one of them",
    })
    .optional(),
};

type Source = z.output<z.ZodObject<typeof inventorySource>>;

/** Adds what is wrong with an inventory's source as a whole. */
function sourceCheck(source: Source, context: z.RefinementCtx, at: string[] = []): void {
  const wrong = (key: string[], message: string) =>
    context.addIssue({ code: "custom", path: [...at, ...key], message });
  if ((source.file === undefined) === (source.url === undefined)) {
    wrong(
      [],
      source.file === undefined
        ? "expected file or url: where the inventory is"
        : "has file and url: expected one of them",
    );
  }
  if (source.url === undefined) {
    for (const key of ["ca", "every"] as const) {
      if (source[key] !== undefined) {
        wrong([key], "is for url only: a file is read again as soon as it changes");
      }
    }
  }
  const where = source.file ?? (source.url === undefined ? undefined : URL.parse(source.url)?.pathname);
  if (source.format === undefined && where !== undefined && formatOf(where) === undefined) {
    wrong([], `expected format: csv, yaml or json, because the name ends in none of .csv, .yaml, .yml and .json`);
  }
}

/** The format that a name's ending says; undefined if it says none. Pure. */
export function formatOf(where: string): (typeof inventoryFormats)[number] | undefined {
  const ending = /\.(?<ending>csv|yaml|yml|json)$/iu.exec(where)?.groups?.["ending"]?.toLowerCase();
  return ending === "yml" ? "yaml" : inventoryFormats.find((format) => format === ending);
}

const argument = z
  .string('expected text: put an argument such as "7" or "{id}" in quotes')
  .superRefine((text, context) => {
    const message = argumentProblem(text);
    if (message !== undefined) {
      context.addIssue({ code: "custom", message });
    }
  });
const argv = z
  .tuple([z.string().min(1, "expected a program"), argument], argument)
  .or(z.tuple([z.string().min(1, "expected a program")]));

const mediaUrl = z
  .string()
  .transform((text, context) => {
    const origin = httpOrigin(text);
    if (origin === undefined) {
      context.addIssue({
        code: "custom",
        message: "expected http://HOST:PORT, without a path, a user name or a password",
      });
    }
    return origin ?? z.NEVER;
  })
  .optional();
const common = { name, "media-url": mediaUrl, autostart: z.boolean().default(false) };

/** The settings of each type. */
export const providerSchemas = {
  inventory: z
    .strictObject({ ...common, type: z.literal("inventory"), ...inventorySource })
    .superRefine((value, context) => sourceCheck(value, context)),
  command: z
    .strictObject({
      ...common,
      type: z.literal("command"),
      machines: z.strictObject(inventorySource).optional(),
      on: argv,
      off: argv,
      status: argv,
      limit: duration(1_000, 600_000, "1s to 10m").default(30_000),
    })
    .superRefine((value, context) => {
      if (value.machines !== undefined) {
        sourceCheck(value.machines, context, ["machines"]);
        return;
      }
      for (const key of ["on", "off", "status"] as const) {
        value[key].forEach((one, at) => {
          if (/^\{.*\}$/u.test(one) && !placeholdersAlways.includes(one)) {
            const message = `${one} is in the inventory alone: expected {id}, or \`machines\` with an inventory`;
            context.addIssue({ code: "custom", path: [key, at], message });
          }
        });
      }
    }),
  lab: z.strictObject({ ...common, type: z.literal("lab"), autostart: z.boolean().default(true), directory: path }),
  static: z.strictObject({ ...common, type: z.literal("static") }),
} as const;

/** The types of providers. */
export const providerTypes = Object.keys(providerSchemas) as readonly (keyof typeof providerSchemas)[];

/** The settings of one provider. */
export type ProviderSettings = z.output<(typeof providerSchemas)[keyof typeof providerSchemas]>;
/** The settings of an inventory's source. */
export type InventorySettings = Source;
