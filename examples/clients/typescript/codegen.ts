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
        // All of the API's own scalars are strings in JSON; amounts stay exact that way.
        defaultScalarType: "string",
      },
    },
  },
};

export default config;
