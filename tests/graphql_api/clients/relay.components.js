// A dashboard of listings. It hands what it would show to `show`, together with what its buttons would do.

const { createElement, useMemo } = require("react");
const {
  graphql,
  useLazyLoadQuery,
  useMutation,
  usePaginationFragment,
  useRefetchableFragment,
  useSubscription,
} = require("react-relay");

function Dashboard({ storeId, show }) {
  const query = useLazyLoadQuery(
    graphql`
      query relayDashboardQuery($count: Int!) {
        ...relayListings @arguments(count: $count)
      }
    `,
    { count: 3 },
  );
  return [
    createElement(Listings, { key: "listings", query, show }),
    createElement(Decisions, { key: "decisions", storeId, show }),
  ];
}

function Listings({ query, show }) {
  const { data, hasNext, loadNext } = usePaginationFragment(
    graphql`
      fragment relayListings on Query
      @refetchable(queryName: "relayListingsPageQuery")
      @argumentDefinitions(count: { type: "Int!" }, cursor: { type: "String" }) {
        listings(first: $count, after: $cursor, sort: { field: SELLER_SKU, direction: ASC })
          @connection(key: "Dashboard_listings") {
          edges { node { id sellerSku ...relayListing } }
        }
      }
    `,
    query,
  );
  const [commit] = useMutation(graphql`
    mutation relayOverrideMutation($input: ListingPriceOverrideInput!) {
      listingPriceOverride(input: $input) {
        listing { ...relayListing }
        userErrors { field message code }
      }
    }
  `);
  const listings = data.listings.edges.map(({ node }) => node);
  const setPrice = (listingId, amount, onCompleted) =>
    commit({ variables: { input: { listingId, price: { amount, currencyCode: "USD" } } }, onCompleted });
  show({ listings, hasNext, loadNext, setPrice });
  return listings.map((listing) => createElement(Listing, { key: listing.id, listing, show }));
}

const details = {};
const refetches = {};

function Listing({ listing, show }) {
  const [data, refetch] = useRefetchableFragment(
    graphql`
      fragment relayListing on Listing @refetchable(queryName: "relayListingQuery") {
        id
        status
        wantedPrice { amount }
        override { price { amount } }
      }
    `,
    listing,
  );
  details[data.id] = data;
  refetches[data.id] = refetch;
  show({ details, refetch: refetches });
  return null;
}

function Decisions({ storeId, show }) {
  const config = useMemo(
    () => ({
      subscription: graphql`
        subscription relayDecisionsSubscription($storeId: ID!) {
          decisionMade(storeId: $storeId) {
            cursor
            decision { id listing { id ...relayListing } }
          }
        }
      `,
      variables: { storeId },
      onNext: ({ decisionMade }) => show({ heard: decisionMade.decision?.listing.id }),
    }),
    [storeId],
  );
  useSubscription(config);
  return null;
}

module.exports = { Dashboard };
