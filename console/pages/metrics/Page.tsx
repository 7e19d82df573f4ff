import type { ReactNode } from "react";
import { PageHead } from "../../layout/PageHead.tsx";

/** The page "Metrics". */
export default function MetricsPage(): ReactNode {
  return <PageHead title="Metrics" />;
}
