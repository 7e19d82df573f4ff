import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ReactElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { BlockDeviceSchema } from "../../gen/cloud/agent/api/hardware_pb.ts";
import {
  HistoryEntrySchema,
  InstallationSchema,
  MachineExplainResponseSchema,
} from "../../gen/farrier/operator/v1/machine_pb.ts";
import { Digest } from "./Digest.tsx";
import { DiskPicture } from "./DiskPicture.tsx";
import { Explain } from "./Explain.tsx";
import { ForeignText } from "./ForeignText.tsx";
import { ProgressBar } from "./ProgressBar.tsx";
import { Timeline } from "./Timeline.tsx";

const hostile: readonly (readonly [string, string])[] = [
  ["markup", `<img src=x onerror="alert(1)"><script>alert(1)</script>`],
  ["a bidi override", "safe\u202Egnp.exe"],
  ["an escape sequence", "\u001B]0;title\u0007\u001B[31m"],
  ["NUL", "a\0b"],
  ["invisible characters", "pay\u200Bpal\u2066"],
];

const parts: readonly (readonly [string, (text: string) => ReactElement])[] = [
  ["a text", (text) => <ForeignText text={text} lines />],
  ["a digest", (text) => <Digest digest={`sha256:${text}`} />],
  [
    "a disk",
    (text) => (
      <DiskPicture
        disks={[
          {
            device: create(BlockDeviceSchema, { vendor: text, deviceModel: text, serialNumber: text, name: text }),
            selectors: [`serial=${text}`],
          },
        ]}
      />
    ),
  ],
  [
    "the timeline",
    (text) => (
      <Timeline
        entries={[
          create(HistoryEntrySchema, {
            event: text,
            actor: text,
            process: text,
            actorKind: "operator",
            detailJson: JSON.stringify({ reason: text, [text]: text }),
          }),
        ]}
      />
    ),
  ],
  [
    "an explanation",
    (text) => (
      <Explain
        machine={{ id: "id", name: text }}
        explanation={create(MachineExplainResponseSchema, {
          waitingFor: text,
          causes: [{ text }],
          lastError: text,
          remedies: [`do it: \`farrier machine retry ${text}\``],
        })}
      />
    ),
  ],
  [
    "progress",
    (text) => (
      <ProgressBar
        installation={create(InstallationSchema, {
          progress: { phase: 2, lastError: text, updatedAt: timestampFromDate(new Date(0)) },
        })}
      />
    ),
  ],
];

for (const [part, render] of parts) {
  test.each(hostile)(`${part} with %s: nothing runs, and nothing misleads`, (_, text) => {
    const markup = renderToStaticMarkup(render(text));
    expect(markup).not.toMatch(/<img|<script/u);
    // oxlint-disable-next-line no-control-regex
    expect(markup).not.toMatch(/[\0-\u0008\u000B-\u001F\u007F-\u009F\u200B\u202A-\u202E\u2066-\u2069]/u);
  });
}

test("of 10,000 characters the first are shown, and a button shows the rest", () => {
  const markup = renderToStaticMarkup(<ForeignText text={"x".repeat(10_000)} />);
  expect(markup).toContain("show all 10,000 characters");
  expect(markup.length).toBeLessThan(4_000);
});
