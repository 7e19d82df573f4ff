import type { ReactElement } from "react";

/** Paths on a grid of 16 by 16, drawn with a line of 1.5. */
const paths = {
  dashed: "M8 1.8v.01M12.4 3.6v.01M14.2 8v.01M12.4 12.4v.01M8 14.2v.01M3.6 12.4v.01M1.8 8v.01M3.6 3.6v.01",
  clock: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM8 4.5V8l2.3 1.6",
  ready: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM8 6.6a1.4 1.4 0 1 1 0 2.8 1.4 1.4 0 0 1 0-2.8Z",
  hourglass:
    "M4 1.8h8M4 14.2h8M4.8 1.8c0 3.6 6.4 3.6 6.4 6.2s-6.4 2.6-6.4 6.2M11.2 1.8c0 3.6-6.4 3.6-6.4 6.2s6.4 2.6 6.4 6.2",
  install: "M8 1.8v7.4M4.8 6.2 8 9.4l3.2-3.2M2 11v3.2h12V11",
  check: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM5.2 8.2l2 2 3.6-4",
  cross: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4",
  unplugged:
    "M2 14l2.4-2.4M14 2l-2.4 2.4M4.4 11.6l3-3-3-1.4-1.6 1.6a1.9 1.9 0 0 0 1.6 2.8ZM11.6 4.4l-2 2M11.6 4.4a1.9 1.9 0 0 1 1.2 3.2L11.2 9.2 8.6 6.6",
  power: "M8 1.8v6M4.5 4.2a5.6 5.6 0 1 0 7 0",
  recover: "M13.4 6A5.8 5.8 0 0 0 2.9 5.4M2.6 2.4v3.2h3.2M2.6 10a5.8 5.8 0 0 0 10.5.6M13.4 13.6v-3.2h-3.2",
  pause: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM6.4 5.6v4.8M9.6 5.6v4.8",
  lock: "M3.6 7.2h8.8v7H3.6ZM5.4 7.2V5a2.6 2.6 0 0 1 5.2 0v2.2",
  warning: "M8 1.8 14.8 14H1.2ZM8 6v4M8 12v.01",
  info: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM8 7.4v4M8 5v.01",
  copy: "M5.4 5.4h8.4v8.4H5.4ZM2.2 10.6V2.2h8.4",
  close: "M3.4 3.4l9.2 9.2M12.6 3.4l-9.2 9.2",
  more: "M3 8v.01M8 8v.01M13 8v.01",
  down: "M3.6 6 8 10.4 12.4 6",
  right: "M6 3.6 10.4 8 6 12.4",
  up: "M3.6 10 8 5.6l4.4 4.4",
  search: "M7 2a5 5 0 1 1 0 10A5 5 0 0 1 7 2ZM10.6 10.6 14.2 14.2",
  disk: "M2 3.4h12v9.2H2ZM4.4 10v.01M7 10h4.6",
  tag: "M2 2h5.6L14 8.4 8.4 14 2 7.6ZM5 5v.01",
  trash: "M2.4 4.2h11.2M6 4.2V2.2h4v2M4 4.2l.6 9.6h6.8l.6-9.6",
  network: "M8 2v4M3.4 14v-3.6h9.2V14M8 6v4.4M6 2h4",
  user: "M8 2a2.8 2.8 0 1 1 0 5.6A2.8 2.8 0 0 1 8 2ZM2.6 14c.6-3 2.6-4.4 5.4-4.4s4.8 1.4 5.4 4.4",
  machine: "M2 2.6h12v4.4H2ZM2 9h12v4.4H2ZM4.6 4.8v.01M4.6 11.2v.01",
} as const;

/** The name of an icon. */
export type IconName = keyof typeof paths;

/** A drawing that says nothing by itself: a word stands beside it. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }): ReactElement {
  return (
    <svg
      aria-hidden="true"
      className="shrink-0"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "more" || name === "dashed" ? 2 : 1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={paths[name]} />
    </svg>
  );
}
