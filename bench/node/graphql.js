// The peer on node: Fastify and Mercurius with graphql-jit, on nodes that one resolver reads whole, by the same
// three reads as everybody. Arguments: MongoDB's address, database, port.

import Fastify from "fastify";
import { GraphQLScalarType } from "graphql";
import mercurius from "mercurius";
import { MongoClient } from "mongodb";
import { readFileSync } from "node:fs";

const [address, name, port] = process.argv.slice(2);
const { sdl, merchant, projection, offerProjection, batchSize, conditions } = JSON.parse(readFileSync(0));

const database = (await new MongoClient(address).connect()).db(name);
const fields = (names) => Object.fromEntries(names.map((each) => [each, 1]));
const mine = { merchant_id: merchant };

const base64 = (text) => Buffer.from(text).toString("base64");
const money = (value) =>
  value && { amount: (value.minor / 100).toFixed(2), currencyCode: value.currency };

function featured(snapshot) {
  const offer = snapshot.offers.find((each) => each.is_buy_box_winner);
  if (!offer) return null;
  const minor = offer.listing_price.minor + offer.shipping.minor;
  return {
    sellerId: offer.seller_id,
    landedPrice: money({ ...offer.listing_price, minor }),
    isBuyBoxWinner: true,
    observedAt: snapshot.observed_at,
  };
}

const node = (row, places, offers) => ({
  id: base64(`Listing:${row._id}`),
  sellerSku: row.seller_sku,
  asin: row.asin,
  title: row.title,
  marketplaceProductType: row.product_type,
  condition: conditions[row.condition],
  fulfilment: row.fulfilment,
  status: row.status,
  reason: row.reason,
  price: money(row.price),
  quantity: row.quantity,
  wantedPrice: money(row.wanted_price),
  wantedQuantity: row.wanted_quantity,
  isBuyBoxOwner: row.owns_buy_box,
  hold: row.hold,
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  store: places.get(row.store_id),
  featuredOffer: offers.get(`${row.store_id}/${row.asin}`),
});

async function listings(_, { first }) {
  const rows = await database
    .collection("listings")
    .find(mine, { projection: fields(projection), sort: { _id: 1 }, limit: first + 1, batchSize })
    .toArray();
  const hasNextPage = rows.length > first;
  rows.length = Math.min(rows.length, first);
  const [stores, snapshots] = await Promise.all([
    database
      .collection("stores")
      .find(
        { _id: { $in: [...new Set(rows.map((row) => row.store_id))] }, ...mine },
        { projection: fields(["name", "country"]), batchSize },
      )
      .toArray(),
    database
      .collection("offers")
      .find(
        { _id: { $in: rows.map((row) => `${row.store_id}/${row.asin}`) }, ...mine },
        { projection: offerProjection, batchSize },
      )
      .toArray(),
  ]);
  const places = new Map(
    stores.map((row) => [row._id, { ...row, id: base64(`Store:${row._id}`) }]),
  );
  const offers = new Map(snapshots.map((row) => [row._id, featured(row)]));
  const end = rows.at(-1)._id;
  return {
    nodes: rows.map((row) => node(row, places, offers)),
    pageInfo: { hasNextPage, endCursor: base64(JSON.stringify([end, end])) },
  };
}

const DateTime = new GraphQLScalarType({ name: "DateTime", serialize: (at) => at.toISOString() });

const app = Fastify();
app.register(mercurius, {
  schema: sdl,
  resolvers: { Query: { listings }, DateTime },
  jit: 1,
  path: "/graphql",
});
await app.listen({ port: Number(port), host: "127.0.0.1" });
