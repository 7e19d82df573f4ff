import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Command } from "@stricli/core";
import type { CliContext } from "../context.ts";

const folder = new URL("../commands/", import.meta.url);
export const actionsFolder: string = fileURLToPath(new URL("../actions/", import.meta.url));

/** A command of the command line, as its file has it. */
export interface CommandFile {
  /** The file's name, which its action's file has too. */
  file: string;
  /** Its flags as they are typed, without dashes. */
  flags: string[];
  /** Placeholders of its arguments. */
  arguments: string[];
  /** Flags, with dashes, and placeholders of arguments that take a URL. */
  urls: string[];
}

/** All commands. */
export async function commandFiles(): Promise<CommandFile[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".ts")).toSorted();
  return Promise.all(
    files.map(async (file) => {
      const exported = Object.values((await import(new URL(file, folder).href)) as Record<string, Command<CliContext>>);
      const [command] = exported;
      if (command === undefined || exported.length > 1) {
        throw new Error(`${file}: expected one command`);
      }
      const { flags = {}, positional } = command.parameters;
      const parameters =
        positional === undefined ? [] : "parameter" in positional ? [positional.parameter] : positional.parameters;
      const placeholders = parameters.map(({ placeholder = "" }) => placeholder);
      const urlFlags = Object.entries(flags).filter(
        ([, flag]) => "placeholder" in flag && isUrl(flag.placeholder ?? ""),
      );
      return {
        file,
        flags: Object.keys(flags).map((name) => typed(name)),
        arguments: placeholders,
        urls: [
          ...urlFlags.map(([name]) => `--${typed(name)}`),
          ...placeholders.filter((placeholder) => isUrl(placeholder)),
        ],
      };
    }),
  );
}

const isUrl = (placeholder: string): boolean => /\bURL\b/u.test(placeholder);
const typed = (name: string): string => name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
