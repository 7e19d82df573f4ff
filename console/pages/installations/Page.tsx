import type { ReactNode } from "react";
import { PageHead } from "../../layout/PageHead.tsx";

/** The page "Installations". */
export default function InstallationsPage(): ReactNode {
  return <PageHead title="Installations" />;
}
