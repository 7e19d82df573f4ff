import type { ReactNode } from "react";
import { useParams } from "react-router";
import { PageHead } from "../../layout/PageHead.tsx";

/** One machine's page. */
export default function MachinePage(): ReactNode {
  const { machine = "" } = useParams();
  return <PageHead title={machine} />;
}
