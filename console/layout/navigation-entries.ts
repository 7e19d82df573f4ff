import { paths } from "../paths.ts";

/** A page in the navigation. */
export interface NavigationEntry {
  title: string;
  to: string;
  /** The letter after `g` that opens it. */
  letter: string;
}

/** The pages, in the order of the navigation. */
export const navigation: readonly NavigationEntry[] = [
  { title: "Overview", to: paths.overview(), letter: "o" },
  { title: "Machines", to: paths.machines(), letter: "m" },
  { title: "Installations", to: paths.installations(), letter: "i" },
  { title: "Images", to: paths.images(), letter: "c" },
  { title: "Profiles", to: paths.profiles(), letter: "n" },
  { title: "Rollouts", to: paths.rollouts(), letter: "r" },
  { title: "Approvals", to: paths.approvals(), letter: "a" },
  { title: "Providers", to: paths.providers(), letter: "p" },
  { title: "Work", to: paths.work(), letter: "w" },
  { title: "Access", to: paths.access(), letter: "t" },
  { title: "Metrics", to: paths.metrics(), letter: "f" },
];
