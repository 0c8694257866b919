// Answers of the controller's HTTP side: JSON, or nothing but a status.
import type { ServerResponse } from "node:http";

export function send(
  response: ServerResponse,
  status: number,
  body?: object,
  headers: Record<string, string> = {},
): void {
  const text = body === undefined ? "" : `${JSON.stringify(body)}\n`;
  response.writeHead(status, { ...(text ? { "content-type": "application/json" } : {}), ...headers });
  response.end(text);
}
