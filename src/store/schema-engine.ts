import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';

/**
 * Works with Prisma's schema engine over a database. The engine is the WebAssembly one that comes with npm, so nothing
 * is downloaded.
 *
 * @param schema the text of `schema.prisma`, where the work needs one
 */
export async function withSchemaEngine<Result>(
  { databaseUrl, schema }: { databaseUrl: string; schema?: string },
  work: (engine: SchemaEngine) => Promise<Result>,
): Promise<Result> {
  instantiate();
  const factory = new DescribingPg({ connectionString: databaseUrl, max: 2 });
  const datamodels: [string, string][] | undefined = schema ? [['schema.prisma', schema]] : undefined;
  const adapters = bindMigrationAwareSqlAdapterFactory(factory);
  try {
    const engine = await glue.SchemaEngine.new({ datamodels }, () => undefined, adapters);
    try {
      return await work(engine);
    } finally {
      engine.free();
    }
  } finally {
    await factory.close();
  }
}

/** No table or enum of the database is left out. */
export const EVERYTHING = { externalTables: [], externalEnums: [] };

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>;

/** PostgreSQL's own type `"char"`, in which it describes its tables, and `text`. */
const CHAR_TYPE = 18;
const TEXT_TYPE = 25;

/**
 * The adapter of 7.10 does not know type `"char"`, so that the engine could not describe a database through it, and
 * cuts a script at every semicolon, those within a function's body included.
 */
class DescribingPg extends PrismaPg {
  private readonly opened: Adapter[] = [];

  override async connect(): Promise<Adapter> {
    const adapter = describing(await super.connect());
    this.opened.push(adapter);
    return adapter;
  }

  override async connectToShadowDb(): Promise<Adapter> {
    return describing(await super.connectToShadowDb());
  }

  /** The engine leaves its connections open. */
  async close(): Promise<void> {
    const pools = this.opened.map((adapter) => adapter.underlyingDriver());
    await Promise.all(pools.map((pool) => (pool.ended ? undefined : pool.end())));
  }
}

function describing(adapter: Adapter): Adapter {
  const pool = adapter.underlyingDriver();
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<PgResult>;
  const queryRaw = adapter.queryRaw.bind(adapter);
  const charColumns = new WeakMap<unknown[], number[]>();
  // The adapter refuses the type by its number, so it is shown as text first, and named after.
  const queryAsText = async (...args: unknown[]) => {
    const result = await query(...args);
    for (const [index, field] of (result.fields ?? []).entries())
      if (field.dataTypeID === CHAR_TYPE) {
        field.dataTypeID = TEXT_TYPE;
        charColumns.set(result.rows, [...(charColumns.get(result.rows) ?? []), index]);
      }
    return result;
  };
  Object.assign(pool, { query: queryAsText });
  return Object.assign(adapter, {
    async queryRaw(sql: Parameters<Adapter['queryRaw']>[0]) {
      const result = await queryRaw(sql);
      for (const index of charColumns.get(result.rows) ?? [])
        result.columnTypes[index] = ColumnTypeEnum.Character;
      return result;
    },
    // Several statements in one query are one transaction: a migration is applied whole or not at all.
    async executeScript(script: string): Promise<void> {
      await query(script);
    },
  });
}

interface PgResult {
  fields?: { dataTypeID: number }[];
  rows: unknown[];
}

let isInstantiated = false;

// The package's own entry imports the .wasm file as a module, which Node does not do.
function instantiate(): void {
  if (isInstantiated) return;
  const gluePath = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const binary = readFileSync(path.join(path.dirname(gluePath), 'schema_engine_bg.wasm'));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary), {
    './schema_engine_bg.js': glue as unknown as WebAssembly.ModuleImports,
  });
  glue.__wbg_set_wasm(exports);
  (exports as { __wbindgen_start(): void }).__wbindgen_start();
  isInstantiated = true;
}
