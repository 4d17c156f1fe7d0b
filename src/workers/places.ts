import { GatehouseError } from '../domain/errors';

/** A number of places for each name, so that one who asks without end keeps nobody else waiting. */
export interface Places {
  /** @throws GatehouseError `artifact-endpoint-busy` when all places of the name are taken */
  with<Result>(name: string, work: () => Promise<Result>): Promise<Result>;
}

export function createPlaces(count: number): Places {
  const taken = new Map<string, number>();
  return {
    async with(name, work) {
      const before = taken.get(name) ?? 0;
      if (before >= count)
        throw new GatehouseError(
          'artifact-endpoint-busy',
          `${count} requests of this key are answered at once`,
        );
      taken.set(name, before + 1);
      try {
        return await work();
      } finally {
        const after = (taken.get(name) ?? 1) - 1;
        if (after === 0) taken.delete(name);
        else taken.set(name, after);
      }
    },
  };
}
