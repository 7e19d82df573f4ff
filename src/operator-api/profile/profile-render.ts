import { Code, ConnectError } from "@connectrpc/connect";
import { networkConfigText } from "../../contract/cloud-init.ts";
import { userDataDoubt } from "../../contract/user-data.ts";
import type { TemplateRenderer } from "../../profiles/template-renderer.ts";
import type { TemplateData, TemplateKind } from "../../profiles/template-words.ts";
import type { ProfileSpec } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { loginUserData } from "./login-user-data.ts";

/** What templates of a profile gave. */
export interface RenderedProfile {
  userData: Uint8Array<ArrayBuffer>;
  /** Empty = the machine's network record. */
  networkConfig: Uint8Array<ArrayBuffer>;
  warnings: string[];
}

/**
 * Renders a profile's templates for a machine.
 * @param machine its variables
 * @param given the request's values
 * @throws {ConnectError} invalid_argument, naming the field; resource_exhausted while too many templates wait
 */
export async function profileRender(
  templates: TemplateRenderer,
  spec: ProfileSpec,
  machine: TemplateData,
  given: Readonly<Record<string, string>>,
): Promise<RenderedProfile> {
  const values = profileValues(spec, given);
  const render = async (field: string, template: string, kind: TemplateKind): Promise<string> => {
    if (template === "") {
      return "";
    }
    const answer = await templates.render({ template, kind, data: { machine, values } });
    if ("problem" in answer) {
      throw refusedTemplate(field, answer);
    }
    return answer.text;
  };
  return finished(spec, {
    userData: await render("user_data", spec.userData, "user-data"),
    networkConfig: await render("network_config", spec.networkConfig, "network-config"),
  });
}

/**
 * Checks a profile without a machine: its templates must parse, use known variables, quote every value, and give YAML for a
 * machine that has everything, with values that are hard to quote.
 * @throws {ConnectError} invalid_argument, naming the field; resource_exhausted while too many templates wait
 */
export async function profileCheck(
  templates: TemplateRenderer,
  spec: ProfileSpec,
): Promise<Pick<RenderedProfile, "userData" | "warnings">> {
  const declared = spec.values.map(({ name }) => name);
  const data = { machine: sampleMachine(spec), values: Object.fromEntries(declared.map((name) => [name, nasty])) };
  const check = async (field: string, template: string, kind: TemplateKind): Promise<string> => {
    if (template === "") {
      return "";
    }
    const answer = await templates.render({ template, kind, data, declared });
    if ("problem" in answer) {
      // A machine may have what the sample lacks, such as a fifth disk: that is found by the request.
      if (answer.undefinedVariable) {
        return "";
      }
      throw refusedTemplate(field, answer);
    }
    return answer.text;
  };
  const userData = await check("user_data", spec.userData, "user-data");
  const networkConfig = await check("network_config", spec.networkConfig, "network-config");
  return spec.userData !== "" && userData === ""
    ? { userData: new Uint8Array(), warnings: [] }
    : finished(spec, { userData, networkConfig });
}

/** A text that ends every kind of quotes, and begins everything that YAML has. */
const nasty = "x\"'\n- {a: [b, &c *d !e |f >g %h @i `j #k\u2028l";

function sampleMachine({ userData, networkConfig }: ProfileSpec): TemplateData {
  // Which labels machines have is not known, so each label that a template names is there.
  const labels = Object.fromEntries(
    [
      ...`${userData}\n${networkConfig}`.matchAll(
        /\blabels(?:\.(?<name>[\w-]+)|\[\s*["'](?<quoted>[^"']+)["']\s*\])/gu,
      ),
    ].map(({ groups }) => [groups?.["name"] ?? groups?.["quoted"] ?? "", nasty]),
  );
  const disk = {
    ...{ name: nasty, serial: nasty, model: nasty, vendor: nasty, wwn: nasty, protocol: nasty },
    ...{ sizeBytes: 1_000_000_000_000, rotational: false },
  };
  const nic = { mac: "52:54:00:12:34:56", driver: nasty, linkUp: true };
  return {
    id: "123e4567-e89b-42d3-a456-426614174000",
    ...{ name: "sample", labels, provider: nasty, location: nasty },
    hardware: { disks: [disk, disk], nics: [nic, nic] },
  };
}

/** The values of a profile's templates: the given ones and the defaults. @throws {ConnectError} invalid_argument */
export function profileValues(spec: ProfileSpec, given: Readonly<Record<string, string>>): TemplateData {
  const declared = new Set(spec.values.map(({ name }) => name));
  const unknown = Object.keys(given).find((name) => !declared.has(name));
  if (unknown !== undefined) {
    throw wrong(
      "values",
      `the profile has no value "${unknown}": ${declared.size === 0 ? "it has none at all" : `it has ${[...declared].join(", ")}`}`,
    );
  }
  return Object.fromEntries(
    spec.values.map(({ name, default: usual }) => {
      const value = Object.hasOwn(given, name) ? given[name] : usual;
      if (value === undefined) {
        throw wrong("values", `"${name}" is missing: the profile has no default for it (--set ${name}=VALUE)`);
      }
      return [name, value];
    }),
  );
}

/** @throws {ConnectError} invalid_argument */
function finished(spec: ProfileSpec, given: { userData: string; networkConfig: string }): RenderedProfile {
  const login = loginUserData(given.userData, spec);
  if (login.kind === "problem") {
    throw wrong("ssh_keys", login.problem);
  }
  const userData = Uint8Array.from(Buffer.from(login.text));
  const networkConfig = Uint8Array.from(Buffer.from(given.networkConfig));
  const network = networkConfig.length === 0 ? undefined : networkConfigText(networkConfig);
  if (network?.kind === "problem") {
    throw wrong("network_config", `is not accepted by cloud-init: ${network.problem}`);
  }
  const doubt = userDataDoubt(userData);
  return { userData, networkConfig, warnings: doubt === undefined ? [] : [doubt] };
}

function refusedTemplate(field: string, { problem, busy }: { problem: string; busy?: true }): ConnectError {
  return busy ? new ConnectError(problem, Code.ResourceExhausted) : wrong(field, problem);
}

function wrong(field: string, problem: string): ConnectError {
  return new ConnectError(`${field}: ${problem}`, Code.InvalidArgument);
}
