/** What runs can be searched by in the Temporal UI and CLI, with Temporal's names for the types. */
export const searchAttributeTypes = {
  GatehouseOrganization: 'Keyword',
  GatehouseAgent: 'Keyword',
  GatehouseStatus: 'Keyword',
  GatehouseTier: 'Keyword',
} as const;
