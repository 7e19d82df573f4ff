import { useEffect, type ReactNode } from "react";
import { useRouteError, useRevalidator } from "react-router";
import { callFailure } from "../api/failure.ts";
import { pageDrawn } from "./page-drawn.ts";

/** In place of a page that could not be loaded or drawn. */
export function PageError(): ReactNode {
  const { code, message } = callFailure(useRouteError());
  const { revalidate } = useRevalidator();
  useEffect(pageDrawn, []);
  return (
    <div role="alert" className="max-w-prose">
      <h1>{code === "fault" ? "This page is broken" : "This page could not be read"}</h1>
      <p className="my-2 break-words">{message}</p>
      <button type="button" onClick={() => void revalidate()}>
        Try again
      </button>
    </div>
  );
}
