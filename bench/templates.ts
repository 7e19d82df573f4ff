import { Liquid } from "liquidjs";
import { prng } from "../src/lib/prng.ts";
import { templateRenderer } from "../src/profiles/template-renderer.ts";
import type { TemplateData } from "../src/profiles/template-words.ts";
import { yamlQuoted } from "../src/profiles/yaml-quoted.ts";
import { median, report } from "./support/report.ts";
import { scaled } from "./support/scale.ts";

const load = { templates: scaled(10_000, 200), rounds: scaled(5, 2), atOnce: 50 } as const;

/** User data as people write it. */
const template = `#cloud-config
hostname: {{ machine.name | yaml }}
fqdn: {{ machine.name | append: "." | append: values.domain | yaml }}
ssh_pwauth: false
users:
  - name: admin
    groups: [sudo, adm]
    ssh_authorized_keys:
      - {{ values.key | yaml }}
packages: [chrony, nftables, qemu-guest-agent]
write_files:
  - path: /etc/rack
    content: {{ machine.labels.rack | yaml }}
  - path: /etc/disks
    content: {{ machine.hardware.disks | map: "serial" | join: " " | yaml }}
{% if machine.labels.role == "db" %}
bootcmd:
  - [sysctl, -w, vm.swappiness=1]
{% endif %}
runcmd:
{% for nic in machine.hardware.nics %}
  - [ethtool, -K, {{ nic.mac | yaml }}, lro, "off"]
{% endfor %}
  - [systemctl, restart, chrony]
`;

/**
 * P18: 10,000 templates checked and rendered, each with another machine's values, in the thread of the server: as a ratio
 * to liquidjs alone, which parses and renders the same texts with the same values.
 */
export async function benchTemplates(options: { json: boolean }): Promise<void> {
  const values = Array.from({ length: load.templates }, (_, index) => machine(index));
  await using renderer = templateRenderer();
  const bare = new Liquid({ strictVariables: true, strictFilters: true, ownPropertyOnly: true });
  bare.registerFilter("yaml", (value: unknown) => yamlQuoted(value));
  const expected = values.map((data) => String(bare.parseAndRenderSync(template, data as object)));
  const rounds: { ours: number; bare: number }[] = [];
  // The first round starts the thread, and warms both.
  for (let round = 0; round <= load.rounds; round += 1) {
    const begunBare = performance.now();
    for (const data of values) {
      bare.parseAndRenderSync(template, data as object);
    }
    const begun = performance.now();
    const texts: string[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      for (let index = next++; index < values.length; index = next++) {
        const data = values[index] ?? {};
        const answer = await renderer.render({ template, kind: "user-data", data, declared: ["domain", "key"] });
        texts[index] = "text" in answer ? answer.text : answer.problem;
      }
    };
    await Promise.all(Array.from({ length: load.atOnce }, work));
    rounds.push({ bare: begun - begunBare, ours: performance.now() - begun });
    const wrong = texts.findIndex((text, index) => text !== expected[index]);
    if (wrong !== -1) {
      throw new Error(`template ${wrong} gave ${texts[wrong]}: expected ${expected[wrong]}`);
    }
  }
  const timed = rounds.slice(1);
  report(
    {
      ...{ id: "P18", target: 3, better: "lower", value: median(timed.map((round) => round.ours / round.bare)) },
      details: {
        "ms a template, checked and rendered in the server's thread":
          median(timed.map(({ ours }) => ours)) / load.templates,
        "ms a template, liquidjs alone": median(timed.map((round) => round.bare)) / load.templates,
        templates: load.templates,
        "asked for at once": load.atOnce,
        "rounds, each of both": load.rounds,
      },
    },
    options.json,
  );
}

/** Values of one machine, as profiles have them. */
function machine(index: number): TemplateData {
  const random = prng(`templates ${index}`);
  const disks = Array.from({ length: random.integer(1, 6) }, (_, at) => ({
    ...{ name: `sd${at}`, serial: `S${index}-${at}`, model: "MZQL2", vendor: "ATA", wwn: "0011223344556677" },
    ...{ protocol: "ata", sizeBytes: 480_000_000_000, rotational: false },
  }));
  const nics = Array.from({ length: random.pick([2, 4]) }, (_, at) => ({
    mac: `02:10:18:00:0${at}:${(index % 256).toString(16).padStart(2, "0")}`,
    driver: "bnxt_en",
    linkUp: at === 0,
  }));
  return {
    machine: {
      ...{ id: `m${index}`, name: `web${index}`, provider: "static", hardware: { disks, nics } },
      labels: { rack: `b${index % 40}`, role: random.chance(0.2) ? "db" : "web" },
    },
    values: { domain: "example.org", key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ+mZ admin@example.org" },
  };
}
