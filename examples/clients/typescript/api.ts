// The API over HTTP and WebSocket: a typed document goes in, its data comes out.

import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "graphql-ws";
import type { TypedDocumentString } from "./__generated__/graphql.ts";

const URL = process.env["SALES_CHANNEL_URL"] ?? "http://127.0.0.1:8000/graphql";
const KEY = process.env["SALES_CHANNEL_KEY"];
const CREDENTIAL: Record<string, string> = KEY ? { authorization: `Bearer ${KEY}` } : {};
const ATTEMPTS = 5;
const FATAL = [4400, 4401, 4403, 4406]; // the server will refuse the same again

interface Answer<Data> {
  data?: Data | null;
  errors?: readonly { message: string; extensions: { code: string } }[];
}

/** A request that was not answered, with the code that says why. */
export class Refusal extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** The answer to a query or mutation. Waits as long as it is told to while it asks more than it may. */
export async function ask<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const body = JSON.stringify({ query: document.toString(), variables });
  // This media type brings statuses that say what happened; with plain JSON most of them are 200.
  const headers = { ...CREDENTIAL, "content-type": "application/json", accept: "application/graphql-response+json" };
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(URL, { method: "POST", headers, body });
    if (response.status === 429 && attempt < ATTEMPTS) {
      // THROTTLED: nothing was run, so a mutation can be sent again too.
      await sleep(1000 * Number(response.headers.get("retry-after") ?? 1));
      continue;
    }
    const { data, errors } = (await response.json()) as Answer<Data>;
    if (errors?.[0]) throw new Refusal(errors[0].message, errors[0].extensions.code);
    if (!data) throw new Refusal(`HTTP status ${response.status}`, "INTERNAL");
    return data;
  }
}

/** Events as they come, for as long as it takes; `variables` is asked again after each break. */
export async function* listen<Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentString<Data, Variables>,
  variables: () => Variables,
): AsyncGenerator<Data> {
  // Its own retries would begin again from the first cursor.
  const client = createClient({ url: URL.replace("http", "ws"), connectionParams: CREDENTIAL, retryAttempts: 0 });
  for (;;) {
    try {
      const events = client.iterate<Data>({ query: document.toString(), variables: variables() });
      for await (const { data, errors } of events) {
        if (errors?.[0]) throw new Refusal(errors[0].message, String(errors[0].extensions?.["code"]));
        if (data) yield data;
      }
    } catch (reason) {
      const refused = Array.isArray(reason) ? reason[0] : undefined; // the subscription itself is not valid
      if (refused) throw new Refusal(refused.message, refused.extensions?.code);
      if (reason instanceof Refusal || (reason instanceof CloseEvent && FATAL.includes(reason.code))) throw reason;
    }
    await sleep(1000);
  }
}
