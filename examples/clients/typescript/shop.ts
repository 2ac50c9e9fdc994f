// node shop.ts listings | explain SKU | set-price SKU AMOUNT CURRENCY | follow [CURSOR]

import { Refusal, ask, listen } from "./api.ts";
import {
  DecisionsDocument,
  ExplainDocument,
  ListingsDocument,
  OverridePriceDocument,
  type ListingStatus,
  type ListingsQuery,
} from "./__generated__/graphql.ts";

const storeId = process.env["STORE_ID"] ?? "";
const pageSize = Number(process.env["PAGE_SIZE"] ?? 50);

/** All listings, a page at a time. */
async function listings(): Promise<void> {
  let after: string | null = null;
  do {
    const page: ListingsQuery = await ask(ListingsDocument, { first: pageSize, after, where: { storeId: { eq: storeId } } });
    for (const { sellerSku, status, price } of page.listings.nodes) {
      console.log(sellerSku, standing(status), price ? `${price.amount} ${price.currencyCode}` : "-");
    }
    after = page.listings.pageInfo.hasNextPage ? page.listings.pageInfo.endCursor ?? null : null;
  } while (after);
}

function standing(status: ListingStatus): string {
  switch (status) {
    case "ACTIVE":
      return "on sale";
    case "READY_TO_LIST":
      return "waits for you";
    default:
      // Other values, and those that the API gains later: enums grow without notice of a breaking change.
      return status.toLowerCase().replaceAll("_", " ");
  }
}

/** Why a price is what it is. */
async function explain(sellerSku: string): Promise<void> {
  const decision = (await find(sellerSku)).priceDecision;
  if (!decision) return console.log("Nothing was decided yet.");
  for (const { step, note, after } of decision.trace) console.log(step, after?.amount ?? "-", note);
  for (const rule of decision.rules.filter(({ isMatched }) => !isMatched)) {
    for (const { fact, operator, expected, actual, holds } of rule.failedConditions) {
      // One that holds and should not stands under NONE or NOT_ALL.
      const asked = `${holds ? "not " : ""}${fact} ${operator} ${expected}`;
      console.log(`${rule.ruleKey} did not match: ${asked}, but it is ${actual ?? "not known"}`);
    }
  }
}

/** Set a price by hand, unless the listing changed since it was looked at. */
async function setPrice(sellerSku: string, amount: string, currencyCode: string): Promise<void> {
  const { id, version } = await find(sellerSku);
  const input = { listingId: id, price: { amount, currencyCode }, expectedVersion: version };
  const { listing, userErrors } = (await ask(OverridePriceDocument, { input })).listingPriceOverride;
  for (const { code, field, message } of userErrors) {
    switch (code) {
      case "STALE_VERSION":
        console.error(`Somebody changed ${sellerSku} meanwhile. Look again.`);
        break;
      case "INVALID":
        console.error(`${field?.at(-1) ?? "input"}: ${message}`);
        break;
      default:
        console.error(message);
    }
    process.exitCode = 1;
  }
  if (listing?.override) console.log(sellerSku, listing.override.price.amount, listing.override.actor);
}

/** Decisions as they are made. Pass the last cursor to hear what was missed. */
async function follow(cursor: string | null): Promise<void> {
  for await (const { decisionMade } of listen(DecisionsDocument, () => ({ storeId, after: cursor }))) {
    const { decision, gap } = decisionMade;
    cursor = decisionMade.cursor;
    if (gap) console.log("missed", gap.fromAt ?? "-", gap.toAt, "read the listings again");
    if (decision) console.log(decision.listing.sellerSku, decision.outcome, decision.after?.amount ?? "-", cursor);
  }
}

async function find(sellerSku: string) {
  const { listingBySku } = await ask(ExplainDocument, { storeId, sellerSku });
  if (!listingBySku) throw new Refusal(`No listing ${sellerSku}.`, "NOT_FOUND");
  return listingBySku;
}

const [command, first = "", second = "", third = ""] = process.argv.slice(2);
const commands: Record<string, () => Promise<void>> = {
  listings,
  explain: () => explain(first),
  "set-price": () => setPrice(first, second, third),
  follow: () => follow(first || null),
};
const run = commands[command ?? ""];
if (!run) throw new Error("listings | explain SKU | set-price SKU AMOUNT CURRENCY | follow [CURSOR]");
try {
  await run();
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  console.error(error.code, error.message);
  process.exitCode = 1;
}
