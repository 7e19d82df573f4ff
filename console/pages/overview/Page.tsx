import type { ReactNode } from "react";
import { PageHead } from "../../layout/PageHead.tsx";

/** The page "Overview". */
export default function OverviewPage(): ReactNode {
  return <PageHead title="Overview" />;
}
