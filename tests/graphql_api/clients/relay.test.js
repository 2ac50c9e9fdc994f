// Relay as a dashboard uses it: its compiler reads our schema, and its hooks page, refetch, mutate and subscribe.

const assert = require("node:assert/strict");
const { test } = require("node:test");

globalThis.IS_REACT_ACT_ENVIRONMENT = true;
require("@babel/register")({ only: [/relay\.components\.js$/], cache: false, plugins: [["relay", { eagerEsModules: false }]] });

const React = require("react");
const { RelayEnvironmentProvider } = require("react-relay");
const { act, create } = require("react-test-renderer");
const { createClient } = require("graphql-ws");
const { Environment, Network, Observable, RecordSource, Store } = require("relay-runtime");
const { Dashboard } = require("./relay.components.js");

const { SALES_CHANNEL_URL: url, SALES_CHANNEL_KEY: key, STORE_ID: storeId } = process.env;
const authorization = `Bearer ${key}`;

async function ask({ text: query }, variables) {
  const headers = {
    authorization,
    accept: "application/graphql-response+json, application/json",
    "content-type": "application/json",
  };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return response.json();
}

// The dashboard on the screen, and what its components show now.
async function open(t) {
  const sockets = createClient({ url: url.replace("http", "ws"), connectionParams: { authorization } });
  const subscribe = ({ text: query, name: operationName }, variables) =>
    Observable.create((sink) => sockets.subscribe({ query, variables, operationName }, sink));
  const environment = new Environment({ network: Network.create(ask, subscribe), store: new Store(new RecordSource()) });
  const shown = {};
  let root;
  await act(async () => {
    root = create(
      React.createElement(
        RelayEnvironmentProvider,
        { environment },
        React.createElement(
          React.Suspense,
          { fallback: "…" },
          React.createElement(Dashboard, { storeId, show: (part) => Object.assign(shown, part) }),
        ),
      ),
    );
  });
  t.after(async () => {
    await act(async () => root.unmount());
    await sockets.dispose();
  });
  await until(() => shown.listings);
  return shown;
}

async function until(holds) {
  for (const end = Date.now() + 20_000; !holds(); ) {
    assert.ok(Date.now() < end, "it does not come to be");
    await act(() => new Promise((resolve) => setTimeout(resolve, 20)));
  }
}

const skus = (shown) => shown.listings.map(({ sellerSku }) => sellerSku);

test("a pagination fragment adds page after page to its connection", async (t) => {
  const shown = await open(t);
  assert.deepEqual(skus(shown), ["MUG-1", "MUG-2", "MUG-3"]);

  while (shown.hasNext) {
    const before = shown.listings.length;
    await act(async () => shown.loadNext(3));
    await until(() => shown.listings.length > before);
  }

  assert.deepEqual(skus(shown), ["MUG-1", "MUG-2", "MUG-3", "MUG-4", "MUG-5", "MUG-6", "MUG-7"]);
});

test("a fragment on a node is fetched again by its id", async (t) => {
  const shown = await open(t);
  const { id } = shown.listings[0];
  const price = { amount: "20.75", currencyCode: "USD" };
  await ask(
    { text: "mutation ($input: ListingPriceOverrideInput!) { listingPriceOverride(input: $input) { listing { id } } }" },
    { input: { listingId: id, price } },
  );
  assert.notEqual(shown.details[id].override?.price.amount, "20.75");

  await act(async () => shown.refetch[id]({}, { fetchPolicy: "network-only" }));

  await until(() => shown.details[id].override?.price.amount === "20.75");
});

test("what a mutation answers is shown at once, and a mistake is told", async (t) => {
  const shown = await open(t);
  const { id } = shown.listings[1];

  const set = async (amount) => {
    let answer;
    await act(async () => shown.setPrice(id, amount, (told) => { answer = told; }));
    await until(() => answer);
    return answer.listingPriceOverride;
  };

  assert.deepEqual((await set("21.25")).userErrors, []);
  assert.equal(shown.details[id].override.price.amount, "21.25");
  const refused = await set("0.001");
  assert.deepEqual(refused.userErrors.map(({ code, field }) => [code, field]), [["INVALID", ["input", "price", "amount"]]]);
  assert.equal(shown.details[id].override.price.amount, "21.25");
});

test("a subscription brings decisions, and with them what listings show", async (t) => {
  const shown = await open(t);
  const { id } = shown.listings[2];
  await new Promise((resolve) => setTimeout(resolve, 700)); // nothing tells when a subscription has begun

  await act(async () => shown.setPrice(id, "19.75", () => {}));

  await until(() => shown.heard === id);
  await until(() => shown.details[id].wantedPrice.amount === "19.75");
});
