// Apollo Client as a dashboard uses it: pages, refetches, mutates and subscribes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { getMainDefinition, relayStylePagination } from "@apollo/client/utilities";
import { createClient } from "graphql-ws";

const { SALES_CHANNEL_URL: url, SALES_CHANNEL_KEY: key, STORE_ID: storeId } = process.env;
const authorization = `Bearer ${key}`;

const LISTINGS = gql`
  query Listings($first: Int!, $after: String, $where: ListingWhereInput) {
    listings(first: $first, after: $after, where: $where) {
      edges { cursor node { id sellerSku price { amount currencyCode } override { price { amount } } } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;
const LISTING = gql`
  query Listing($id: ID!) {
    listing(id: $id) { id sellerSku version override { price { amount } } }
  }
`;
const OVERRIDE = gql`
  mutation Override($input: ListingPriceOverrideInput!) {
    listingPriceOverride(input: $input) {
      listing { id version override { price { amount } } }
      userErrors { field message code }
    }
  }
`;
const DECISIONS = gql`
  subscription Decisions($storeId: ID!, $after: String) {
    decisionMade(storeId: $storeId, after: $after) {
      cursor
      decision { id reason after { amount } listing { id sellerSku } }
      gap { fromAt toAt }
    }
  }
`;

function connect(t) {
  const sockets = createClient({ url: url.replace("http", "ws"), connectionParams: { authorization } });
  const isLive = ({ query }) => getMainDefinition(query).operation === "subscription";
  const link = ApolloLink.split(
    isLive,
    new GraphQLWsLink(sockets),
    new HttpLink({ uri: url, headers: { authorization } }),
  );
  const typePolicies = { Query: { fields: { listings: relayStylePagination(["where", "sort"]) } } };
  const client = new ApolloClient({ link, cache: new InMemoryCache({ typePolicies }) });
  t.after(() => {
    client.stop();
    return sockets.dispose();
  });
  return client;
}

const skus = (data) => data.listings.edges.map(({ node }) => node.sellerSku);

// The next event that `isWanted`, in the order in which they come.
function listen(client, variables) {
  const events = [];
  let wake = () => {};
  const subscription = client.subscribe({ query: DECISIONS, variables }).subscribe({
    next: ({ data, error }) => { events.push(error ?? data.decisionMade); wake(); },
  });
  return {
    stop: () => subscription.unsubscribe(),
    async next(isWanted) {
      for (;;) {
        const event = events.shift();
        if (event instanceof Error) throw event;
        if (event && isWanted(event)) return event;
        if (!event) await new Promise((resolve) => { wake = resolve; });
      }
    },
  };
}

test("pages are joined into one list by keyset cursors", async (t) => {
  const client = connect(t);
  const list = client.watchQuery({ query: LISTINGS, variables: { first: 3 } });
  const shown = [];
  const reachedTheEnd = new Promise((resolve, reject) => {
    list.subscribe(async ({ data, error }) => {
      if (error) return reject(error);
      if (!data || shown.at(-1)?.length === data.listings.edges.length) return;
      shown.push(skus(data));
      const { hasNextPage, endCursor } = data.listings.pageInfo;
      if (hasNextPage) await list.fetchMore({ variables: { after: endCursor } });
      else resolve();
    });
  });

  await reachedTheEnd;

  const all = ["MUG-1", "MUG-2", "MUG-3", "MUG-4", "MUG-5", "MUG-6", "MUG-7"];
  assert.deepEqual(shown, [all.slice(0, 3), all.slice(0, 6), all]);
});

test("what a mutation answers is in the list and in the object, and a refetch agrees", async (t) => {
  const client = connect(t);
  const list = client.watchQuery({ query: LISTINGS, variables: { first: 3 } });
  list.subscribe(() => {});
  const { data } = await client.query({ query: LISTINGS, variables: { first: 3 } });
  const { id } = data.listings.edges[0].node;
  const one = await client.query({ query: LISTING, variables: { id } });
  assert.equal(one.data.listing.override, null);

  const price = { amount: "21.50", currencyCode: "USD" };
  const answer = await client.mutate({ mutation: OVERRIDE, variables: { input: { listingId: id, price } } });

  assert.deepEqual(answer.data.listingPriceOverride.userErrors, []);
  const shown = () => [
    list.getCurrentResult().data.listings.edges[0].node.override.price.amount,
    client.readQuery({ query: LISTING, variables: { id } }).listing.override.price.amount,
  ];
  assert.deepEqual(shown(), ["21.50", "21.50"]);
  const again = await client.query({ query: LISTING, variables: { id }, fetchPolicy: "network-only" });
  assert.equal(again.data.listing.override.price.amount, "21.50");
  assert.ok(again.data.listing.version > one.data.listing.version);
});

test("a mistake in the input is an answer with a code, and changes nothing in the cache", async (t) => {
  const client = connect(t);
  const { data } = await client.query({ query: LISTINGS, variables: { first: 2 } });
  const { id } = data.listings.edges[1].node;
  const price = { amount: "9.999", currencyCode: "USD" };

  const answer = await client.mutate({ mutation: OVERRIDE, variables: { input: { listingId: id, price } } });

  const { listing, userErrors } = answer.data.listingPriceOverride;
  assert.equal(listing, null);
  assert.deepEqual(userErrors.map(({ code, field }) => [code, field]), [["INVALID", ["input", "price", "amount"]]]);
  assert.equal(client.readQuery({ query: LISTINGS, variables: { first: 2 } }).listings.edges[1].node.override, null);
});

test("a query that cannot be answered carries a code", async (t) => {
  const client = connect(t);
  await assert.rejects(
    client.query({ query: gql`{ apiKeys(first: 1) { nodes { id } } }` }),
    (error) => {
      assert.ok(CombinedGraphQLErrors.is(error));
      assert.equal(error.errors[0].extensions.code, "FORBIDDEN");
      assert.match(error.message, /MANAGE_KEYS/);
      return true;
    },
  );
});

test("decisions are heard, and those of a break are told after it", async (t) => {
  const client = connect(t);
  const { data } = await client.query({ query: LISTINGS, variables: { first: 7 } });
  const { id } = data.listings.edges[6].node;
  const set = (amount) => client.mutate({
    mutation: OVERRIDE,
    variables: { input: { listingId: id, price: { amount, currencyCode: "USD" } } },
  });
  const costs = (amount) => ({ decision }) => decision?.listing.id === id && decision.after?.amount === amount;

  const listening = listen(client, { storeId });
  await new Promise((resolve) => setTimeout(resolve, 700)); // nothing tells when a subscription has begun
  await set("18.50");
  const heard = await listening.next(costs("18.50"));
  assert.equal(heard.decision.reason, "OVERRIDE");
  listening.stop();

  await set("18.60");
  const resumed = listen(client, { storeId, after: heard.cursor });
  const missed = await resumed.next(costs("18.60"));
  assert.equal(missed.gap, null);
  resumed.stop();
});
