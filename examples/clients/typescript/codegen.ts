import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../../schema.graphql",
  documents: "../operations/*.graphql",
  generates: {
    "__generated__/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: "string",
        importExtension: ".ts",
        useTypeImports: true,
        enumsAsTypes: true,
        // Adds a value to every enum that stands for those which the API gains later.
        futureProofEnums: true,
        scalars: {
          CurrencyCode: "string",
          DateTime: "string",
          Date: "string",
          Decimal: "string",
          LocalTime: "string",
          MarketplaceItemId: "string",
          Sha256: "string",
          Sku: "string",
        },
        strictScalars: true,
      },
    },
  },
};

export default config;
